#ifndef MUSTER_RUNTIME_CLUSTER_SPEC_PARSER_H_
#define MUSTER_RUNTIME_CLUSTER_SPEC_PARSER_H_

// The syntax tree of a cluster spec (grammar in cluster_spec.h): what was
// written, before any formula is evaluated or any file is read.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/spec_expression.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"

namespace muster::runtime {

// shift + law(parameters); without a law the shift alone, a constant.
struct LawSource {
  std::optional<SpeedLaw::Kind> kind;
  SpeedLaw::Sampling sampling = SpeedLaw::Sampling::kResample;
  std::vector<SpecExpression> parameters;  // in the family's order
  std::optional<SpecExpression> shift;
  size_t column = 0;  // of the law, or of the shift if there is none
};

// One argument of a preset or trace.
struct CallArgument {
  enum class Kind { kNumber, kRange, kWord, kString };
  Kind kind = Kind::kNumber;
  std::string name;  // before "=", empty if none
  double number = 0;
  double last = 0;    // of kRange: number..last
  std::string text;   // of kWord and kString
  size_t column = 0;  // of the value
};

// preset:name(arguments) or trace:name(arguments).
struct CallSource {
  std::string name;
  std::vector<CallArgument> arguments;
  size_t column = 0;  // of the name
  bool is_trace = false;
};

struct ParsedModifier {
  SpeedModifier::Kind kind = SpeedModifier::Kind::kStep;
  // By position in the family's table; empty: the default.
  std::vector<std::optional<SpecExpression>> parameters;
  // Workers first..last (from 1, in the cluster); empty: all of the group.
  std::vector<std::pair<int64_t, int64_t>> selected;
  size_t column = 0;
  size_t selector_column = 0;
};

struct ParsedGroup {
  std::optional<int64_t> count;  // "10 x ..."
  std::optional<LawSource> law;  // exactly one of law and call
  std::optional<CallSource> call;
  std::vector<ParsedModifier> modifiers;
  size_t column = 0;
};

struct ParsedSpec {
  std::optional<int64_t> num_workers;  // "n = 51;"
  size_t num_workers_column = 0;
  std::vector<ParsedGroup> groups;  // at least one
};

// InvalidArgument (SpecErrorAt) naming the column and what was expected, or
// that the text is empty. Linear in the size of the text.
absl::StatusOr<ParsedSpec> ParseSpecSyntax(absl::string_view text);

// The canonical spelling; parses to an equal tree but for columns.
std::string ParsedSpecText(const ParsedSpec& spec);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_CLUSTER_SPEC_PARSER_H_
