#include "muster/runtime/spec_expression.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/spec_lexer.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/status_matchers.h"

namespace muster::runtime {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<SpecExpression> Parse(const std::string& text) {
  MUSTER_ASSIGN_OR_RETURN(SpecTokenStream tokens,
                          SpecTokenStream::Create(text));
  MUSTER_ASSIGN_OR_RETURN(SpecExpression expression, ParseSpecSum(tokens));
  if (tokens.Peek().kind != SpecToken::Kind::kEnd) {
    return tokens.Expected("an operator");
  }
  return expression;
}

double Value(const std::string& text, SpecVariables variables = {}) {
  const absl::StatusOr<SpecExpression> expression = Parse(text);
  EXPECT_THAT(expression, IsOk());
  return EvaluateSpecExpression(*expression, variables);
}

std::string Text(const std::string& text) {
  return SpecExpressionText(Parse(text).value());
}

TEST(SpecLexerTest, CutsNumbersNamesStringsAndSigns) {
  const auto tokens = TokenizeSpec("x1 .5e-2 1..5 'a b' 2e @");
  ASSERT_THAT(tokens, IsOk());
  std::vector<std::string> texts;
  for (const SpecToken& token : *tokens) texts.emplace_back(token.text);
  EXPECT_THAT(texts, testing::ElementsAre("x1", ".5e-2", "1", "..", "5", "a b",
                                          "2", "e", "@", ""));
  EXPECT_EQ((*tokens)[1].number, 0.005);
  EXPECT_EQ((*tokens)[5].kind, SpecToken::Kind::kString);
  EXPECT_EQ((*tokens)[8].column, 23u);
}

TEST(SpecLexerTest, ErrorsPointAtTheColumn) {
  EXPECT_THAT(TokenizeSpec("12 + $"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("column 6: unexpected character"),
                             HasSubstr("\n  12 + $\n       ^"))));
  EXPECT_THAT(TokenizeSpec("'abc"), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("no closing quote")));
  EXPECT_THAT(TokenizeSpec("1e999"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("beyond the doubles")));
}

TEST(SpecLexerTest, ErrorsInLongTextsShowTheNeighbourhood) {
  const std::string text =
      std::string(500, '1') + " $ " + std::string(500, '2');
  const absl::Status status = SpecErrorAt(text, 501, "here");
  EXPECT_LT(status.message().size(), 250u);
  EXPECT_THAT(status.message(), HasSubstr("1 $ 2"));
}

TEST(SpecExpressionTest, PrecedenceAndAssociativity) {
  EXPECT_EQ(Value("1 + 2 * 3"), 7);
  EXPECT_EQ(Value("(1 + 2) * 3"), 9);
  EXPECT_EQ(Value("10 - 4 - 3"), 3);
  EXPECT_EQ(Value("16 / 4 / 2"), 2);
  EXPECT_EQ(Value("2 ^ 3 ^ 2"), 512);
  EXPECT_EQ(Value("-2 ^ 2"), -4);
  EXPECT_EQ(Value("2 ^ -1"), 0.5);
  EXPECT_EQ(Value("2 * -3"), -6);
  EXPECT_EQ(Value("--3"), 3);
}

TEST(SpecExpressionTest, VariablesAndFunctions) {
  const SpecVariables at = {.i = 9, .j = 2, .n = 51};
  EXPECT_EQ(Value("i + 10*j + 100*n", at), 5129);
  EXPECT_EQ(Value("29*sqrt(i)", at), 87);
  EXPECT_EQ(Value("i^0.5", at), 3);
  EXPECT_EQ(Value("i^2", at), 81);
  EXPECT_NEAR(Value("i^0.3", at), std::pow(9, 0.3), 1e-14);
  EXPECT_NEAR(Value("log(i)", at), std::log(9), 1e-15);
  EXPECT_NEAR(Value("exp(j)", at), std::exp(2), 1e-14);
  EXPECT_EQ(Value("min(i, 4, j)", at), 2);
  EXPECT_EQ(Value("max(i, 4, j)", at), 9);
  EXPECT_EQ(Value("floor(i/2) + abs(-1)", at), 5);
  EXPECT_EQ(Value("pi"), M_PI);
  EXPECT_EQ(Value("0^0.3"), 0);
  EXPECT_TRUE(std::isnan(Value("log(-1)")));
  EXPECT_TRUE(std::isnan(Value("max(1, log(-1))")));
}

TEST(SpecExpressionTest, CanonicalTextHasTheFewestParentheses) {
  EXPECT_EQ(Text("((1)+((2*3)))"), "1 + 2*3");
  EXPECT_EQ(Text("(1+2)*3"), "(1 + 2)*3");
  EXPECT_EQ(Text("1-(2-3)"), "1 - (2 - 3)");
  EXPECT_EQ(Text("(1-2)-3"), "1 - 2 - 3");
  EXPECT_EQ(Text("(2^3)^2"), "(2^3)^2");
  EXPECT_EQ(Text("2^(3^2)"), "2^3^2");
  EXPECT_EQ(Text("(-2)^2"), "(-2)^2");
  EXPECT_EQ(Text("2/(3*4)"), "2/(3*4)");
  EXPECT_EQ(Text("min( i,max(j , 2))"), "min(i, max(j, 2))");
}

TEST(SpecExpressionTest, WrongFormulasSayWhereAndWhat) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "column 1: expected a number"},
      {"1 +", "column 4: expected a number"},
      {"(1 + 2", "column 7: expected ')'"},
      {"1 2", "column 3: expected an operator"},
      {"k", "column 1: unknown name 'k'"},
      {"sin(2)", "column 1: unknown function 'sin'"},
      {"sqrt(1, 2)", "sqrt takes one argument(s), found 2"},
      {"min(1)", "min takes two or more argument(s), found 1"},
      {"2 * * 3", "column 5: expected a number"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(Parse(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr(message)))
        << text;
  }
}

TEST(SpecExpressionTest, DepthIsBounded) {
  const auto repeat = [](const std::string& part, int count) {
    std::string text;
    for (int k = 0; k < count; ++k) text += part;
    return text;
  };
  for (const std::string& text :
       {repeat("(", 100000) + "1", repeat("-", 100000) + "1",
        repeat("1+", 100000) + "1", repeat("1^", 100000) + "1",
        repeat("sqrt(", 100000) + "1", repeat("2*", 100000) + "1"}) {
    EXPECT_THAT(Parse(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("nested deeper")));
  }
  EXPECT_EQ(Value(repeat("1+", 150) + "1"), 151);
}

}  // namespace
}  // namespace muster::runtime
