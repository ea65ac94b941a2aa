#include "muster/runtime/cluster_spec_parser.h"

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
#include "absl/strings/string_view.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/spec_expression.h"
#include "muster/runtime/spec_lexer.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

using Token = SpecToken;

// A law by its name in the text; nullptr if there is none. "replay" is the
// empirical law in its other mode.
const SpeedLawFamily* FindLaw(absl::string_view name) {
  if (name == "replay") name = "resample";
  for (const SpeedLawFamily& family : SpeedLawFamilies()) {
    if (name == family.name || name == family.long_name) return &family;
  }
  return nullptr;
}

std::string LawNames() {
  std::string names;
  for (const SpeedLawFamily& family : SpeedLawFamilies()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", family.name);
  }
  return absl::StrCat(names, ", replay");
}

class SpecParser {
 public:
  explicit SpecParser(SpecTokenStream tokens) : tokens_(std::move(tokens)) {}

  absl::StatusOr<ParsedSpec> Spec() {
    ParsedSpec spec;
    if (tokens_.AtName() && tokens_.Peek().text == "n" &&
        tokens_.AtSign("=", 1)) {
      tokens_.Take();
      tokens_.Take();
      spec.num_workers_column = tokens_.Peek().column;
      MUSTER_ASSIGN_OR_RETURN(spec.num_workers, WholeNumber("n", kMaxWorkers));
      MUSTER_RETURN_IF_ERROR(
          tokens_.Expect(";", "and the workers' laws after n"));
    }
    do {
      if (!spec.groups.empty() && tokens_.Peek().kind == Token::Kind::kEnd) {
        break;  // a final ";"
      }
      MUSTER_ASSIGN_OR_RETURN(ParsedGroup group, Group());
      spec.groups.push_back(std::move(group));
    } while (tokens_.TakeSign(";"));
    if (tokens_.Peek().kind != Token::Kind::kEnd) {
      return tokens_.Expected("an operator, '|', ';' or the end of the spec");
    }
    return spec;
  }

 private:
  // A whole number from 1 to `most`.
  absl::StatusOr<int64_t> WholeNumber(absl::string_view what, int64_t most) {
    const size_t column = tokens_.Peek().column;
    const bool negative = tokens_.TakeSign("-");
    if (tokens_.Peek().kind != Token::Kind::kNumber) {
      return tokens_.Expected(
          absl::StrCat(what, ", a whole number from 1 to ", most));
    }
    const double value =
        negative ? -tokens_.Peek().number : tokens_.Peek().number;
    if (value != std::floor(value) || value < 1 || value > most) {
      return tokens_.ErrorAt(
          column, absl::StrCat(what, " = ", NumberText(value),
                               " must be a whole number from 1 to ", most));
    }
    tokens_.Take();
    return static_cast<int64_t>(value);
  }

  absl::StatusOr<ParsedGroup> Group() {
    ParsedGroup group;
    group.column = tokens_.Peek().column;
    const size_t minus = tokens_.AtSign("-") ? 1 : 0;
    if (tokens_.Peek(minus).kind == Token::Kind::kNumber &&
        tokens_.AtName(minus + 1) && tokens_.Peek(minus + 1).text == "x") {
      MUSTER_ASSIGN_OR_RETURN(group.count,
                              WholeNumber("number of workers", kMaxWorkers));
      tokens_.Take();
    }
    const bool is_preset = tokens_.Peek().text == "preset";
    const bool is_trace = tokens_.Peek().text == "trace";
    if (tokens_.AtName() && (is_preset || is_trace) && tokens_.AtSign(":", 1)) {
      tokens_.Take();
      tokens_.Take();
      MUSTER_ASSIGN_OR_RETURN(group.call, Call());
      group.call->is_trace = is_trace;
    } else {
      MUSTER_ASSIGN_OR_RETURN(group.law, Law());
    }
    while (tokens_.TakeSign("|")) {
      MUSTER_ASSIGN_OR_RETURN(ParsedModifier modifier, Modifier());
      group.modifiers.push_back(std::move(modifier));
    }
    return group;
  }

  absl::StatusOr<LawSource> Law() {
    LawSource source;
    source.column = tokens_.Peek().column;
    bool subtract = false;
    do {
      const Token& token = tokens_.Peek();
      const bool is_call = tokens_.AtName() && tokens_.AtSign("(", 1);
      if (is_call && FindLaw(token.text) != nullptr) {
        if (subtract || source.kind.has_value()) {
          return tokens_.ErrorAt(
              token.column, subtract ? "a law cannot be subtracted"
                                     : "a second law; a worker has one law "
                                       "plus a constant shift");
        }
        MUSTER_RETURN_IF_ERROR(LawCall(&source));
      } else {
        MUSTER_RETURN_IF_ERROR(ShiftTerm(subtract, &source));
      }
      subtract = tokens_.AtSign("-");
    } while (tokens_.TakeSign("+") || tokens_.TakeSign("-"));
    return source;
  }

  // A term of the sum that is no law.
  absl::Status ShiftTerm(bool subtract, LawSource* source) {
    const Token& first = tokens_.Peek();
    MUSTER_RETURN_IF_ERROR(CheckNoLawInTerm());
    if (tokens_.AtName() && tokens_.AtSign("(", 1) && !IsFunction(first.text)) {
      return tokens_.ErrorAt(first.column,
                             absl::StrCat("unknown law ", DescribeToken(first),
                                          "; expected one of ", LawNames(),
                                          ", or preset:... or trace:..."));
    }
    MUSTER_ASSIGN_OR_RETURN(SpecExpression term, ParseSpecProduct(tokens_));
    if (!source->shift.has_value()) {
      // Only a first term can lack a term to be subtracted from: a law.
      SpecExpression zero;
      zero.column = term.column;
      source->shift = subtract ? AddSpecExpressions(zero, std::move(term), true)
                               : std::move(term);
    } else {
      source->shift = AddSpecExpressions(*std::move(source->shift),
                                         std::move(term), subtract);
    }
    if (source->shift->depth > kMaxSpecDepth) {
      return tokens_.ErrorAt(first.column,
                             "the sum has too many terms; shorten it");
    }
    return absl::OkStatus();
  }

  // Outside parentheses a law's name, `exp` among them, is a law and no
  // function: an error in the term that begins here.
  absl::Status CheckNoLawInTerm() const {
    int depth = 0;
    bool after_operator = true;
    for (size_t k = 0; tokens_.Peek(k).kind != Token::Kind::kEnd; ++k) {
      const Token& token = tokens_.Peek(k);
      const bool is_sign = token.kind == Token::Kind::kSign;
      if (is_sign && token.text == "(") ++depth;
      if (is_sign && token.text == ")") --depth;
      if (depth < 0) break;
      if (depth > 0) continue;
      if (is_sign && (token.text == "|" || token.text == ";")) break;
      const bool is_sum = is_sign && (token.text == "+" || token.text == "-");
      if (is_sum && !after_operator) break;
      after_operator =
          is_sum || (is_sign && (token.text == "*" || token.text == "/" ||
                                 token.text == "^"));
      if (token.kind == Token::Kind::kName && tokens_.AtSign("(", k + 1) &&
          FindLaw(token.text) != nullptr) {
        return tokens_.ErrorAt(
            token.column,
            "a law cannot be negated, multiplied or divided: scale its "
            "parameters instead (the function e^x is written (exp(x)) here)");
      }
    }
    return absl::OkStatus();
  }

  static bool IsFunction(absl::string_view name) {
    return name == "sqrt" || name == "log" || name == "floor" ||
           name == "abs" || name == "min" || name == "max";
  }

  absl::Status LawCall(LawSource* source) {
    const Token& name = tokens_.Take();
    const SpeedLawFamily& family = *FindLaw(name.text);
    source->kind = family.kind;
    source->column = name.column;
    if (name.text == "replay") {
      source->sampling = SpeedLaw::Sampling::kReplay;
    }
    tokens_.Take();  // "("
    std::vector<std::optional<SpecExpression>> parameters(
        family.num_parameters);
    size_t position = 0;
    do {
      if (family.num_parameters == 0) {
        MUSTER_ASSIGN_OR_RETURN(SpecExpression value, ParseSpecSum(tokens_));
        source->parameters.push_back(std::move(value));
        continue;
      }
      MUSTER_ASSIGN_OR_RETURN(const size_t index,
                              ParameterIndex(family, position++));
      if (parameters[index].has_value()) {
        return tokens_.ErrorAt(
            tokens_.Peek().column,
            absl::StrCat("parameter ", family.parameters[index],
                         " is given twice"));
      }
      MUSTER_ASSIGN_OR_RETURN(parameters[index], ParseSpecSum(tokens_));
    } while (tokens_.TakeSign(","));
    MUSTER_RETURN_IF_ERROR(tokens_.Expect(
        ")", absl::StrCat("after the parameters of ", name.text)));
    for (size_t k = 0; k < parameters.size(); ++k) {
      if (!parameters[k].has_value()) {
        return tokens_.ErrorAt(
            name.column,
            absl::StrCat(Signature(family), " lacks ", family.parameters[k]));
      }
      source->parameters.push_back(*std::move(parameters[k]));
    }
    if (tokens_.AtSign("*") || tokens_.AtSign("/") || tokens_.AtSign("^")) {
      return tokens_.ErrorAt(tokens_.Peek().column,
                             "a law cannot be multiplied or divided: scale its "
                             "parameters instead");
    }
    return absl::OkStatus();
  }

  static std::string Signature(const SpeedLawFamily& family) {
    return absl::StrCat(family.name, "(", family.parameters[0],
                        family.num_parameters == 2 ? ", " : "",
                        family.parameters[1], ")");
  }

  // Takes "name =" if it is there.
  absl::StatusOr<size_t> ParameterIndex(const SpeedLawFamily& family,
                                        size_t position) {
    const size_t count = static_cast<size_t>(family.num_parameters);
    if (tokens_.AtName() && tokens_.AtSign("=", 1)) {
      for (size_t k = 0; k < count; ++k) {
        if (family.parameters[k] != tokens_.Peek().text) continue;
        tokens_.Take();
        tokens_.Take();
        return k;
      }
      return tokens_.ErrorAt(
          tokens_.Peek().column,
          absl::StrCat("unknown parameter ", DescribeToken(tokens_.Peek()),
                       " of ", Signature(family)));
    }
    if (position >= count) {
      return tokens_.ErrorAt(
          tokens_.Peek().column,
          absl::StrCat("too many parameters for ", Signature(family)));
    }
    return position;
  }

  absl::StatusOr<CallSource> Call() {
    if (!tokens_.AtName()) return tokens_.Expected("a name");
    CallSource call;
    call.column = tokens_.Peek().column;
    call.name = std::string(tokens_.Take().text);
    if (!tokens_.TakeSign("(")) return call;
    if (tokens_.TakeSign(")")) return call;
    do {
      MUSTER_ASSIGN_OR_RETURN(CallArgument argument, Argument());
      call.arguments.push_back(std::move(argument));
    } while (tokens_.TakeSign(","));
    MUSTER_RETURN_IF_ERROR(tokens_.Expect(
        ")", absl::StrCat("after the arguments of ", call.name)));
    return call;
  }

  absl::StatusOr<CallArgument> Argument() {
    CallArgument argument;
    if (tokens_.AtName() && tokens_.AtSign("=", 1)) {
      argument.name = std::string(tokens_.Take().text);
      tokens_.Take();
    }
    argument.column = tokens_.Peek().column;
    const double sign = tokens_.TakeSign("-") ? -1 : 1;
    const Token& token = tokens_.Peek();
    if (token.kind == Token::Kind::kNumber) {
      argument.number = sign * tokens_.Take().number;
      if (!tokens_.TakeSign("..")) return argument;
      if (tokens_.Peek().kind != Token::Kind::kNumber) {
        return tokens_.Expected("the end of the range");
      }
      argument.kind = CallArgument::Kind::kRange;
      argument.last = tokens_.Take().number;
      return argument;
    }
    if (sign < 0 || (token.kind != Token::Kind::kName &&
                     token.kind != Token::Kind::kString)) {
      return tokens_.Expected("a number, a range a..b, a word or a string");
    }
    argument.kind = token.kind == Token::Kind::kName
                        ? CallArgument::Kind::kWord
                        : CallArgument::Kind::kString;
    argument.text = std::string(tokens_.Take().text);
    return argument;
  }

  absl::StatusOr<ParsedModifier> Modifier() {
    if (!tokens_.AtName()) return tokens_.Expected("a modifier");
    const Token& name = tokens_.Take();
    MUSTER_RETURN_IF_ERROR(CheckModifierName(name));
    MUSTER_RETURN_IF_ERROR(
        tokens_.Expect("(", absl::StrCat("after the modifier ", name.text)));
    std::vector<std::pair<Token, SpecExpression>> given;
    do {
      if (!tokens_.AtName() || !tokens_.AtSign("=", 1)) {
        return tokens_.Expected(absl::StrCat("name=value; parameters are ",
                                             ModifierSignatures(name.text)));
      }
      const Token parameter = tokens_.Take();
      tokens_.Take();
      MUSTER_ASSIGN_OR_RETURN(SpecExpression value, ParseSpecSum(tokens_));
      given.emplace_back(parameter, std::move(value));
    } while (tokens_.TakeSign(","));
    MUSTER_RETURN_IF_ERROR(tokens_.Expect(
        ")", absl::StrCat("after the parameters of ", name.text)));
    MUSTER_ASSIGN_OR_RETURN(ParsedModifier modifier,
                            MatchModifier(name, given));
    if (tokens_.TakeSign("@")) {
      modifier.selector_column = tokens_.Peek().column;
      do {
        MUSTER_ASSIGN_OR_RETURN(const int64_t first,
                                WholeNumber("worker", kMaxWorkers));
        int64_t last = first;
        if (tokens_.TakeSign("..")) {
          MUSTER_ASSIGN_OR_RETURN(last, WholeNumber("worker", kMaxWorkers));
        }
        modifier.selected.emplace_back(first, last);
      } while (tokens_.TakeSign(","));
    }
    return modifier;
  }

  absl::Status CheckModifierName(const Token& name) {
    std::string names;
    for (const SpeedModifierFamily& family : SpeedModifierFamilies()) {
      if (family.name == name.text) return absl::OkStatus();
      if (family.kind == SpeedModifier::Kind::kOutage) continue;
      absl::StrAppend(&names, names.empty() ? "" : ", ", family.name);
    }
    return tokens_.ErrorAt(
        name.column, absl::StrCat("unknown modifier ", DescribeToken(name),
                                  "; expected one of ", names));
  }

  // "up, down or at, back" for crash.
  static std::string ModifierSignatures(absl::string_view name) {
    std::string text;
    for (const SpeedModifierFamily& family : SpeedModifierFamilies()) {
      if (family.name != name) continue;
      absl::string_view separator = text.empty() ? "" : " or ";
      for (const auto& parameter : family.parameters) {
        if (parameter.name.empty()) continue;
        absl::StrAppend(&text, separator, parameter.name);
        separator = ", ";
      }
    }
    return text;
  }

  // The family of this name with all the given parameters and no required one
  // missing.
  absl::StatusOr<ParsedModifier> MatchModifier(
      const Token& name,
      const std::vector<std::pair<Token, SpecExpression>>& given) {
    for (const SpeedModifierFamily& family : SpeedModifierFamilies()) {
      if (family.name != name.text) continue;
      ParsedModifier modifier;
      modifier.kind = family.kind;
      modifier.column = name.column;
      modifier.parameters.resize(std::size(family.parameters));
      size_t num_matched = 0;
      bool complete = true;
      for (size_t k = 0; k < std::size(family.parameters); ++k) {
        const SpeedModifierFamily::Parameter& parameter = family.parameters[k];
        if (parameter.name.empty()) continue;
        for (const auto& [token, value] : given) {
          if (token.text != parameter.name) continue;
          if (modifier.parameters[k].has_value()) {
            return tokens_.ErrorAt(
                token.column,
                absl::StrCat("parameter ", token.text, " is given twice"));
          }
          modifier.parameters[k] = value;
          ++num_matched;
        }
        complete &= modifier.parameters[k].has_value() ||
                    !std::isnan(parameter.default_value);
      }
      if (complete && num_matched == given.size()) return modifier;
    }
    return tokens_.ErrorAt(
        name.column, absl::StrCat("the parameters of ", name.text, " are ",
                                  ModifierSignatures(name.text)));
  }

  SpecTokenStream tokens_;
};

}  // namespace

absl::StatusOr<ParsedSpec> ParseSpecSyntax(absl::string_view text) {
  MUSTER_ASSIGN_OR_RETURN(SpecTokenStream tokens,
                          SpecTokenStream::Create(text));
  if (tokens.Peek().kind == Token::Kind::kEnd) {
    return absl::InvalidArgumentError(
        "cluster spec, column 1: the spec is empty; give the workers' laws, "
        "such as "
        "'n=51; 29*sqrt(i) + exp(29*sqrt(i))', 'preset:ata_sqrt(n=51)' or "
        "'trace:alibaba(job_1)'");
  }
  return SpecParser(std::move(tokens)).Spec();
}

}  // namespace muster::runtime
