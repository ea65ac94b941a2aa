#include "muster/runtime/check.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace {

enum class Colour { kRed = 3, kBlue = 4 };

struct Opaque {
  int value;
  bool operator==(const Opaque&) const = default;
};

TEST(CheckTest, PassesAndDoesNotEvaluateTheMessage) {
  int evaluated = 0;
  const auto count = [&evaluated] { return ++evaluated; };
  MUSTER_CHECK(1 + 1 == 2) << count();
  MUSTER_CHECK_EQ(2, 2) << count();
  MUSTER_CHECK_OK(absl::OkStatus()) << count();
  EXPECT_EQ(evaluated, 0);
}

TEST(CheckTest, EvaluatesEachOperandOnce) {
  int left = 0;
  int right = 0;
  MUSTER_CHECK_EQ(++left, ++right);
  MUSTER_CHECK_LE(++left, ++right);
  EXPECT_EQ(left, 2);
  EXPECT_EQ(right, 2);
}

TEST(CheckTest, BindsToNoOtherElse) {
  bool reached = false;
  if (false)
    MUSTER_CHECK(true);
  else
    reached = true;
  EXPECT_TRUE(reached);
}

TEST(CheckDeathTest, NamesFileLineConditionAndMessage) {
  EXPECT_DEATH(MUSTER_CHECK(1 > 2) << "round " << 7,
               "check_test\\.cc:[0-9]+: check failed: 1 > 2 round 7");
}

TEST(CheckDeathTest, ComparisonsShowBothValues) {
  const int num_workers = 3;
  EXPECT_DEATH(MUSTER_CHECK_LT(5, num_workers),
               "check failed: 5 < num_workers \\(5 vs\\. 3\\)");
  EXPECT_DEATH(MUSTER_CHECK_EQ(1, 2), "1 == 2");
  EXPECT_DEATH(MUSTER_CHECK_NE(1, 1), "1 != 1");
  EXPECT_DEATH(MUSTER_CHECK_LE(2, 1), "2 <= 1");
  EXPECT_DEATH(MUSTER_CHECK_GT(1, 2), "1 > 2");
  EXPECT_DEATH(MUSTER_CHECK_GE(1, 2), "1 >= 2");
  EXPECT_DEATH(MUSTER_CHECK_EQ(0.1, 0.2),
               "0\\.10000000000000001 vs\\. 0\\.20000000000000001");
}

TEST(CheckDeathTest, ShowsValuesOfAnyType) {
  EXPECT_DEATH(MUSTER_CHECK_EQ(Colour::kRed, Colour::kBlue), "3 vs\\. 4");
  EXPECT_DEATH(MUSTER_CHECK_EQ(Opaque{1}, Opaque{2}), "<4 bytes> vs\\.");
  EXPECT_DEATH(MUSTER_CHECK_EQ(true, false), "true vs\\. false");
  EXPECT_DEATH(MUSTER_CHECK_EQ(std::string("a"), "b"), "a vs\\. b");
}

TEST(CheckDeathTest, ErrorsShowTheirStatus) {
  EXPECT_DEATH(MUSTER_CHECK_OK(absl::NotFoundError("no such preset")) << "!",
               "NOT_FOUND: no such preset\\) !");
  const absl::StatusOr<int> count = absl::DataLossError("line 3");
  EXPECT_DEATH(MUSTER_CHECK_OK(count), "count is OK .*line 3");
}

TEST(CheckDeathTest, DebugChecksFollowNdebug) {
  int evaluated = 0;
  const auto holds = [&evaluated] { return ++evaluated > 0; };
  MUSTER_DCHECK(holds());
#ifdef NDEBUG
  EXPECT_EQ(evaluated, 0);
  MUSTER_DCHECK_EQ(1, 2);
#else
  EXPECT_EQ(evaluated, 1);
  EXPECT_DEATH(MUSTER_DCHECK_EQ(1, 2), "1 == 2");
#endif
}

}  // namespace
