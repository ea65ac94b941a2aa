#ifndef MUSTER_RUNTIME_CALL_ARGUMENTS_H_
#define MUSTER_RUNTIME_CALL_ARGUMENTS_H_

// The arguments of a preset or trace in a cluster spec, matched to names.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/cluster_spec_parser.h"

namespace muster::runtime {

class CallArguments {
 public:
  // Arguments without a name take those of `names` in order. InvalidArgument
  // (SpecErrorAt) for unknown, repeated or too many. Keeps `text` and `call`,
  // which must outlive it.
  static absl::StatusOr<CallArguments> Create(absl::string_view text,
                                              const CallSource& call,
                                              std::vector<std::string> names);

  bool Has(absl::string_view name) const { return Find(name) != nullptr; }

  // Each: the argument's value or, if it was not given, `otherwise`; an error
  // at the argument's column if it is of the wrong kind or out of bounds, and
  // at the call's if it was not given and there is no `otherwise`.
  absl::StatusOr<double> Number(absl::string_view name, double low, double high,
                                std::optional<double> otherwise) const;
  absl::StatusOr<int64_t> WholeNumber(absl::string_view name, int64_t low,
                                      int64_t high,
                                      std::optional<int64_t> otherwise) const;
  // The first choice is the default.
  absl::StatusOr<std::string> Choice(
      absl::string_view name, const std::vector<std::string>& choices) const;

  // nullptr if it was not given.
  const CallArgument* Find(absl::string_view name) const;

  // Errors at the argument's (or else the call's) column.
  absl::Status ErrorAt(absl::string_view name, absl::string_view message) const;

 private:
  CallArguments(absl::string_view text, const CallSource& call)
      : text_(text), call_(&call) {}

  absl::string_view text_;
  const CallSource* call_;
  std::vector<std::pair<std::string, const CallArgument*>> arguments_;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_CALL_ARGUMENTS_H_
