// Tests of status_macros.h, status_matchers.h and ids.h.

#include "absl/status/status.h"

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/status_matchers.h"

namespace muster::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) return absl::InvalidArgumentError("value is odd");
  return value / 2;
}

absl::StatusOr<std::unique_ptr<int>> Quarter(int value, int* calls) {
  ++*calls;
  MUSTER_ASSIGN_OR_RETURN(const int half, Half(value));
  int quarter = 0;
  MUSTER_ASSIGN_OR_RETURN(quarter, Half(half));
  MUSTER_RETURN_IF_ERROR(absl::OkStatus());
  return std::make_unique<int>(quarter);
}

absl::Status TakesOwnership(int value, int* calls, int* result) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<int> quarter, Quarter(value, calls));
  *result = *quarter;
  MUSTER_RETURN_IF_ERROR(Half(*result + 1).status());
  return absl::OkStatus();
}

TEST(StatusMacrosTest, PassValuesAndErrorsOnEvaluatingOnce) {
  int calls = 0;
  int result = 0;
  EXPECT_THAT(TakesOwnership(12, &calls, &result), IsOk());
  EXPECT_EQ(result, 3);
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(TakesOwnership(6, &calls, &result),
              StatusIs(absl::StatusCode::kInvalidArgument, "value is odd"));
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(TakesOwnership(8, &calls, &result),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(result, 2);
}

TEST(StatusMatchersTest, TellOkFromErrors) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::UnknownError(""), Not(IsOk()));
  EXPECT_THAT(Half(4), IsOk());
  EXPECT_THAT(Half(3), Not(IsOk()));
  EXPECT_THAT(Half(4), IsOkAndHolds(2));
  EXPECT_THAT(Half(4), IsOkAndHolds(Gt(1)));
  EXPECT_THAT(Half(4), Not(IsOkAndHolds(3)));
  EXPECT_THAT(Half(3), Not(IsOkAndHolds(3)));
  int calls = 0;
  EXPECT_THAT(Quarter(8, &calls), IsOkAndHolds(Pointee(2)));
  EXPECT_THAT(absl::StatusOr<std::vector<int>>({1, 2}),
              IsOkAndHolds(ElementsAre(1, 2)));
}

TEST(StatusMatchersTest, MatchCodeAndMessage) {
  const absl::Status status = absl::DataLossError("a.gz, line 7: cut short");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("line 7")));
  EXPECT_THAT(status, Not(StatusIs(absl::StatusCode::kNotFound)));
  EXPECT_THAT(status, Not(StatusIs(absl::StatusCode::kDataLoss, "else")));
}

template <typename Value, typename Matcher>
std::string Explain(const Value& value, const Matcher& matcher) {
  ::testing::StringMatchResultListener listener;
  ::testing::ExplainMatchResult(matcher, value, &listener);
  return listener.str();
}

TEST(StatusMatchersTest, SayWhatTheyFound) {
  EXPECT_THAT(Explain(Half(3), IsOk()), HasSubstr("value is odd"));
  EXPECT_THAT(Explain(Half(3), IsOkAndHolds(1)), HasSubstr("value is odd"));
  EXPECT_THAT(Explain(Half(4), IsOkAndHolds(Gt(5))), HasSubstr("holds 2"));
  EXPECT_THAT(Explain(Half(3), StatusIs(absl::StatusCode::kNotFound)),
              HasSubstr("INVALID_ARGUMENT: value is odd"));
}

TEST(WorkerIdTest, IsOrderedHashedAndPrinted) {
  EXPECT_LT(WorkerId{2}, WorkerId{10});
  EXPECT_EQ(WorkerId{}, WorkerId{0});
  EXPECT_EQ(absl::HashOf(WorkerId{3}), absl::HashOf(WorkerId{3}));
  EXPECT_NE(absl::HashOf(WorkerId{3}), absl::HashOf(WorkerId{4}));
  std::ostringstream out;
  out << WorkerId{3};
  EXPECT_EQ(out.str(), "worker 3");
}

}  // namespace
}  // namespace muster::runtime
