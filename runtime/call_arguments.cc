#include "muster/runtime/call_arguments.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/cluster_spec_parser.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/spec_lexer.h"

namespace muster::runtime {

absl::StatusOr<CallArguments> CallArguments::Create(
    absl::string_view text, const CallSource& call,
    std::vector<std::string> names) {
  CallArguments result(text, call);
  size_t position = 0;
  for (const CallArgument& argument : call.arguments) {
    std::string name = argument.name;
    if (name.empty() && position < names.size()) name = names[position++];
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return SpecErrorAt(
          text, argument.column,
          absl::StrCat(name.empty() ? "too many arguments"
                                    : absl::StrCat("unknown argument ", name),
                       " for ", call.name, "; it takes ",
                       absl::StrJoin(names, ", ")));
    }
    if (result.Has(name)) {
      return SpecErrorAt(text, argument.column,
                         absl::StrCat("argument ", name, " is given twice"));
    }
    result.arguments_.emplace_back(std::move(name), &argument);
  }
  return result;
}

const CallArgument* CallArguments::Find(absl::string_view name) const {
  for (const auto& [known, argument] : arguments_) {
    if (known == name) return argument;
  }
  return nullptr;
}

absl::Status CallArguments::ErrorAt(absl::string_view name,
                                    absl::string_view message) const {
  const CallArgument* argument = Find(name);
  return SpecErrorAt(
      text_, argument == nullptr ? call_->column : argument->column, message);
}

absl::StatusOr<double> CallArguments::Number(
    absl::string_view name, double low, double high,
    std::optional<double> otherwise) const {
  const CallArgument* argument = Find(name);
  if (argument == nullptr && otherwise.has_value()) return *otherwise;
  const std::string expected =
      absl::StrCat("a number from ", NumberText(low), " to ", NumberText(high));
  if (argument == nullptr) {
    return ErrorAt(name, absl::StrCat(call_->name, " lacks the argument ", name,
                                      ", ", expected));
  }
  if (argument->kind != CallArgument::Kind::kNumber) {
    return ErrorAt(name, absl::StrCat("expected ", name, ", ", expected));
  }
  if (!(argument->number >= low && argument->number <= high)) {
    return ErrorAt(name, absl::StrCat(name, " = ", NumberText(argument->number),
                                      " must be ", expected));
  }
  return argument->number;
}

absl::StatusOr<int64_t> CallArguments::WholeNumber(
    absl::string_view name, int64_t low, int64_t high,
    std::optional<int64_t> otherwise) const {
  if (!Has(name) && otherwise.has_value()) return *otherwise;
  const absl::StatusOr<double> number =
      Number(name, static_cast<double>(low), static_cast<double>(high), {});
  if (!number.ok()) return number.status();
  if (*number != std::floor(*number)) {
    return ErrorAt(name, absl::StrCat(name, " = ", NumberText(*number),
                                      " must be a whole number"));
  }
  return static_cast<int64_t>(*number);
}

absl::StatusOr<std::string> CallArguments::Choice(
    absl::string_view name, const std::vector<std::string>& choices) const {
  const CallArgument* argument = Find(name);
  if (argument == nullptr) return choices[0];
  if (std::find(choices.begin(), choices.end(), argument->text) ==
      choices.end()) {
    return ErrorAt(name, absl::StrCat("expected ", name, ", one of ",
                                      absl::StrJoin(choices, ", ")));
  }
  return argument->text;
}

}  // namespace muster::runtime
