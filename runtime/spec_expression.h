#ifndef MUSTER_RUNTIME_SPEC_EXPRESSION_H_
#define MUSTER_RUNTIME_SPEC_EXPRESSION_H_

// Formulas of the worker's index in a cluster spec:
//
//   sum     = product { ("+" | "-") product }
//   product = factor { ("*" | "/") factor }
//   factor  = "-" factor | power
//   power   = atom [ "^" factor ]                          (right to left)
//   atom    = number | "i" | "j" | "n" | "pi"
//           | function "(" sum { "," sum } ")" | "(" sum ")"
//
// with the functions sqrt, log (natural), exp, floor, abs of one argument and
// min, max of two or more. Values are doubles, the same bits on every machine:
// x^k for whole k up to 64 in modulus by repeated multiplication, other powers
// and exp, log by math.h.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/runtime/spec_lexer.h"

namespace muster::runtime {

// Deepest tree of operations that is accepted.
inline constexpr int kMaxSpecDepth = 200;

struct SpecExpression {
  enum class Op {
    kNumber,
    kVariable,
    kNegate,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kPower,
    kSqrt,
    kLog,
    kExp,
    kFloor,
    kAbs,
    kMin,
    kMax,
  };
  Op op = Op::kNumber;
  double number = 0;  // of kNumber
  char variable = 0;  // of kVariable: 'i', 'j', 'n', or 'p' (pi)
  size_t column = 0;  // where it begins in the spec
  int depth = 1;      // of the tree below
  std::vector<SpecExpression> operands;
};

struct SpecVariables {
  double i = 0;  // the worker's index in the cluster, from 1
  double j = 0;  // ... in its group, from 1
  double n = 0;  // number of workers in the cluster
};

// Each reads the longest such part from the stream. InvalidArgument
// (SpecErrorAt) for a wrong formula, or for one that nests deeper than
// kMaxSpecDepth.
absl::StatusOr<SpecExpression> ParseSpecSum(SpecTokenStream& tokens);
absl::StatusOr<SpecExpression> ParseSpecProduct(SpecTokenStream& tokens);
SpecExpression AddSpecExpressions(SpecExpression x, SpecExpression y,
                                  bool subtract);

// May be NaN or infinite (0 / 0, log(-1)): whoever uses the value checks it.
double EvaluateSpecExpression(const SpecExpression& expression,
                              const SpecVariables& variables);

// Canonical text with the fewest parentheses; parses to an equal tree.
std::string SpecExpressionText(const SpecExpression& expression);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_SPEC_EXPRESSION_H_
