// ParsedSpecText of cluster_spec_parser.h.

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/cluster_spec_parser.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/spec_expression.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"

namespace muster::runtime {
namespace {

bool CallsExp(const SpecExpression& expression) {
  return expression.op == SpecExpression::Op::kExp ||
         std::any_of(expression.operands.begin(), expression.operands.end(),
                     CallsExp);
}

std::string LawText(const LawSource& source) {
  std::string text;
  if (source.shift.has_value()) text = SpecExpressionText(*source.shift);
  if (!source.kind.has_value()) return absl::StrCat("const(", text, ")");
  // Outside parentheses exp would be the law.
  if (source.shift.has_value() && CallsExp(*source.shift)) {
    text = absl::StrCat("(", text, ")");
  }
  const SpeedLawFamily& family =
      SpeedLawFamilies()[static_cast<int>(*source.kind)];
  if (!text.empty()) absl::StrAppend(&text, " + ");
  absl::StrAppend(&text, source.sampling == SpeedLaw::Sampling::kReplay
                             ? "replay"
                             : family.name);
  absl::string_view separator = "(";
  for (const SpecExpression& parameter : source.parameters) {
    absl::StrAppend(&text, separator, SpecExpressionText(parameter));
    separator = ", ";
  }
  return absl::StrCat(text, ")");
}

std::string CallText(const CallSource& call) {
  std::string text =
      absl::StrCat(call.is_trace ? "trace:" : "preset:", call.name);
  absl::string_view separator = "(";
  for (const CallArgument& argument : call.arguments) {
    absl::StrAppend(&text, separator, argument.name,
                    argument.name.empty() ? "" : "=");
    separator = ", ";
    switch (argument.kind) {
      case CallArgument::Kind::kNumber:
        absl::StrAppend(&text, NumberText(argument.number));
        break;
      case CallArgument::Kind::kRange:
        absl::StrAppend(&text, NumberText(argument.number), "..",
                        NumberText(argument.last));
        break;
      case CallArgument::Kind::kWord:
        absl::StrAppend(&text, argument.text);
        break;
      case CallArgument::Kind::kString: {
        const bool has_double = argument.text.find('"') != std::string::npos;
        const absl::string_view quote = has_double ? "'" : "\"";
        absl::StrAppend(&text, quote, argument.text, quote);
        break;
      }
    }
  }
  return call.arguments.empty() ? text : absl::StrCat(text, ")");
}

std::string ModifierText(const ParsedModifier& modifier) {
  const SpeedModifierFamily& family =
      SpeedModifierFamilies()[static_cast<int>(modifier.kind)];
  std::string text(family.name);
  absl::string_view separator = "(";
  for (size_t k = 0; k < modifier.parameters.size(); ++k) {
    if (!modifier.parameters[k].has_value()) continue;
    absl::StrAppend(&text, separator, family.parameters[k].name, "=",
                    SpecExpressionText(*modifier.parameters[k]));
    separator = ", ";
  }
  absl::StrAppend(&text, ")");
  separator = " @";
  for (const auto& [first, last] : modifier.selected) {
    absl::StrAppend(&text, separator, first);
    if (last != first) absl::StrAppend(&text, "..", last);
    separator = ",";
  }
  return text;
}

}  // namespace

std::string ParsedSpecText(const ParsedSpec& spec) {
  std::string text;
  if (spec.num_workers.has_value()) {
    absl::StrAppend(&text, "n = ", *spec.num_workers, "; ");
  }
  absl::string_view separator = "";
  for (const ParsedGroup& group : spec.groups) {
    absl::StrAppend(&text, separator);
    separator = "; ";
    if (group.count.has_value()) absl::StrAppend(&text, *group.count, " x ");
    absl::StrAppend(&text, group.law.has_value() ? LawText(*group.law)
                                                 : CallText(*group.call));
    for (const ParsedModifier& modifier : group.modifiers) {
      absl::StrAppend(&text, " | ", ModifierText(modifier));
    }
  }
  return text;
}

}  // namespace muster::runtime
