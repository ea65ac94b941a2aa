#include "muster/runtime/spec_expression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/math.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {
namespace {

using Op = SpecExpression::Op;

// Parentheses that nest without an operation count as well.
constexpr int kMaxNesting = 2 * kMaxSpecDepth;

struct Function {
  absl::string_view name;
  Op op;
  bool many;  // two or more arguments, else one
};
constexpr Function kFunctions[] = {
    {"sqrt", Op::kSqrt, false}, {"log", Op::kLog, false},
    {"exp", Op::kExp, false},   {"floor", Op::kFloor, false},
    {"abs", Op::kAbs, false},   {"min", Op::kMin, true},
    {"max", Op::kMax, true},
};

SpecExpression Node(Op op, std::vector<SpecExpression> operands) {
  SpecExpression node;
  node.op = op;
  node.column = operands.front().column;
  for (const SpecExpression& operand : operands) {
    node.depth = std::max(node.depth, operand.depth + 1);
  }
  node.operands = std::move(operands);
  return node;
}

SpecExpression Binary(Op op, SpecExpression x, SpecExpression y) {
  std::vector<SpecExpression> operands;
  operands.reserve(2);
  operands.push_back(std::move(x));
  operands.push_back(std::move(y));
  return Node(op, std::move(operands));
}

// Recursive descent; `nesting` bounds the parser's own stack.
class Parser {
 public:
  explicit Parser(SpecTokenStream& tokens) : tokens_(tokens) {}

  absl::StatusOr<SpecExpression> Sum() {
    MUSTER_ASSIGN_OR_RETURN(SpecExpression sum, Product());
    while (tokens_.AtSign("+") || tokens_.AtSign("-")) {
      const bool subtract = tokens_.Take().text == "-";
      MUSTER_ASSIGN_OR_RETURN(SpecExpression term, Product());
      sum = AddSpecExpressions(std::move(sum), std::move(term), subtract);
      MUSTER_RETURN_IF_ERROR(CheckDepth(sum));
    }
    return sum;
  }

  absl::StatusOr<SpecExpression> Product() {
    MUSTER_ASSIGN_OR_RETURN(SpecExpression product, Factor());
    while (tokens_.AtSign("*") || tokens_.AtSign("/")) {
      const Op op = tokens_.Take().text == "*" ? Op::kMultiply : Op::kDivide;
      MUSTER_ASSIGN_OR_RETURN(SpecExpression factor, Factor());
      product = Binary(op, std::move(product), std::move(factor));
      MUSTER_RETURN_IF_ERROR(CheckDepth(product));
    }
    return product;
  }

 private:
  absl::Status CheckDepth(const SpecExpression& expression) {
    if (expression.depth <= kMaxSpecDepth) return absl::OkStatus();
    return TooDeep(expression.column);
  }

  absl::Status TooDeep(size_t column) {
    return tokens_.ErrorAt(
        column, absl::StrCat("the formula is nested deeper than ",
                             kMaxSpecDepth, " operations; shorten it"));
  }

  absl::StatusOr<SpecExpression> Factor() {
    if (nesting_ >= kMaxNesting) return TooDeep(tokens_.Peek().column);
    ++nesting_;
    absl::StatusOr<SpecExpression> result = NestedFactor();
    --nesting_;
    if (result.ok()) MUSTER_RETURN_IF_ERROR(CheckDepth(*result));
    return result;
  }

  absl::StatusOr<SpecExpression> NestedFactor() {
    const size_t column = tokens_.Peek().column;
    if (tokens_.TakeSign("-")) {
      MUSTER_ASSIGN_OR_RETURN(SpecExpression operand, Factor());
      SpecExpression negated = Node(Op::kNegate, {std::move(operand)});
      negated.column = column;
      return negated;
    }
    MUSTER_ASSIGN_OR_RETURN(SpecExpression base, Atom());
    if (!tokens_.TakeSign("^")) return base;
    MUSTER_ASSIGN_OR_RETURN(SpecExpression exponent, Factor());
    return Binary(Op::kPower, std::move(base), std::move(exponent));
  }

  absl::StatusOr<SpecExpression> Atom() {
    const SpecToken& token = tokens_.Peek();
    SpecExpression atom;
    atom.column = token.column;
    if (token.kind == SpecToken::Kind::kNumber) {
      tokens_.Take();
      atom.number = token.number;
      return atom;
    }
    if (tokens_.TakeSign("(")) {
      MUSTER_ASSIGN_OR_RETURN(SpecExpression inner, Sum());
      MUSTER_RETURN_IF_ERROR(tokens_.Expect(")", "or an operator"));
      return inner;
    }
    if (tokens_.AtName() && tokens_.AtSign("(", 1)) return Call();
    if (tokens_.AtName()) {
      const absl::string_view name = token.text;
      if (name == "i" || name == "j" || name == "n" || name == "pi") {
        tokens_.Take();
        atom.op = Op::kVariable;
        atom.variable = name[0];
        return atom;
      }
      return tokens_.ErrorAt(
          token.column,
          absl::StrCat("unknown name ", DescribeToken(token),
                       "; a formula knows i (index of the worker, from 1), j "
                       "(index in its group), n (number of workers) and pi"));
    }
    return tokens_.Expected("a number, i, j, n, a function or '('");
  }

  absl::StatusOr<SpecExpression> Call() {
    const SpecToken& name = tokens_.Take();
    const Function* function =
        std::find_if(std::begin(kFunctions), std::end(kFunctions),
                     [&](const Function& f) { return f.name == name.text; });
    if (function == std::end(kFunctions)) {
      return tokens_.ErrorAt(
          name.column,
          absl::StrCat("unknown function ", DescribeToken(name),
                       "; formulas have sqrt, log, exp, floor, abs, min, max"));
    }
    tokens_.Take();  // "("
    std::vector<SpecExpression> arguments;
    do {
      MUSTER_ASSIGN_OR_RETURN(SpecExpression argument, Sum());
      arguments.push_back(std::move(argument));
    } while (tokens_.TakeSign(","));
    MUSTER_RETURN_IF_ERROR(tokens_.Expect(
        ")", absl::StrCat("after the arguments of ", function->name)));
    if (function->many ? arguments.size() < 2 : arguments.size() != 1) {
      return tokens_.ErrorAt(
          name.column, absl::StrCat(function->name, " takes ",
                                    function->many ? "two or more" : "one",
                                    " argument(s), found ", arguments.size()));
    }
    SpecExpression call = Node(function->op, std::move(arguments));
    call.column = name.column;
    return call;
  }

  SpecTokenStream& tokens_;
  int nesting_ = 0;
};

double PowerOf(double base, double exponent) {
  if (exponent == std::floor(exponent) && std::abs(exponent) <= 64) {
    double result = 1;
    for (int k = 0; k < std::abs(exponent); ++k) result *= base;
    return exponent < 0 ? 1 / result : result;
  }
  if (exponent == 0.5) return std::sqrt(base);
  if (base == 0 && exponent > 0) return 0;
  return Pow(base, exponent);
}

// Strength of binding; operands of less need parentheses.
int Precedence(Op op) {
  switch (op) {
    case Op::kAdd:
    case Op::kSubtract:
      return 1;
    case Op::kMultiply:
    case Op::kDivide:
      return 2;
    case Op::kNegate:
      return 3;
    case Op::kPower:
      return 4;
    default:
      return 5;
  }
}

std::string Parenthesized(const SpecExpression& expression, int at_least) {
  std::string text = SpecExpressionText(expression);
  if (Precedence(expression.op) >= at_least) return text;
  return absl::StrCat("(", text, ")");
}

}  // namespace

absl::StatusOr<SpecExpression> ParseSpecSum(SpecTokenStream& tokens) {
  return Parser(tokens).Sum();
}

absl::StatusOr<SpecExpression> ParseSpecProduct(SpecTokenStream& tokens) {
  return Parser(tokens).Product();
}

SpecExpression AddSpecExpressions(SpecExpression x, SpecExpression y,
                                  bool subtract) {
  return Binary(subtract ? Op::kSubtract : Op::kAdd, std::move(x),
                std::move(y));
}

double EvaluateSpecExpression(const SpecExpression& expression,
                              const SpecVariables& variables) {
  const auto value = [&](size_t operand) {
    return EvaluateSpecExpression(expression.operands[operand], variables);
  };
  switch (expression.op) {
    case Op::kNumber:
      return expression.number;
    case Op::kVariable:
      switch (expression.variable) {
        case 'i':
          return variables.i;
        case 'j':
          return variables.j;
        case 'n':
          return variables.n;
        default:
          return M_PI;
      }
    case Op::kNegate:
      return -value(0);
    case Op::kAdd:
      return value(0) + value(1);
    case Op::kSubtract:
      return value(0) - value(1);
    case Op::kMultiply:
      return value(0) * value(1);
    case Op::kDivide:
      return value(0) / value(1);
    case Op::kPower:
      return PowerOf(value(0), value(1));
    case Op::kSqrt:
      return std::sqrt(value(0));
    case Op::kLog:
      return Log(value(0));
    case Op::kExp:
      return Exp(value(0));
    case Op::kFloor:
      return std::floor(value(0));
    case Op::kAbs:
      return std::abs(value(0));
    case Op::kMin:
    case Op::kMax: {
      double best = value(0);
      for (size_t k = 1; k < expression.operands.size(); ++k) {
        const double other = value(k);
        if (std::isnan(other)) return other;
        if (expression.op == Op::kMin ? other < best : other > best) {
          best = other;
        }
      }
      return best;
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::string SpecExpressionText(const SpecExpression& expression) {
  const std::vector<SpecExpression>& operands = expression.operands;
  const int precedence = Precedence(expression.op);
  const auto binary = [&](absl::string_view sign) {
    return absl::StrCat(Parenthesized(operands[0], precedence), sign,
                        Parenthesized(operands[1], precedence + 1));
  };
  switch (expression.op) {
    case Op::kNumber:
      return NumberText(expression.number);
    case Op::kVariable:
      return expression.variable == 'p' ? "pi"
                                        : std::string(1, expression.variable);
    case Op::kNegate:
      return absl::StrCat("-", Parenthesized(operands[0], precedence));
    case Op::kAdd:
      return binary(" + ");
    case Op::kSubtract:
      return binary(" - ");
    case Op::kMultiply:
      return binary("*");
    case Op::kDivide:
      return binary("/");
    case Op::kPower:
      return absl::StrCat(Parenthesized(operands[0], 5), "^",
                          Parenthesized(operands[1], 3));
    default:
      break;
  }
  std::string text;
  for (const Function& function : kFunctions) {
    if (function.op == expression.op) absl::StrAppend(&text, function.name);
  }
  absl::string_view separator = "(";
  for (const SpecExpression& operand : operands) {
    absl::StrAppend(&text, separator, SpecExpressionText(operand));
    separator = ", ";
  }
  return absl::StrCat(text, ")");
}

}  // namespace muster::runtime
