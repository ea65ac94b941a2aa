#include "muster/benchmarks/harness/claims.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::StatusIs;
using ::testing::HasSubstr;
using Values = std::vector<double>;

ClaimText Text(const std::string& id) { return {id, "Table 1", "says " + id}; }

// Near 10 within 1 %: 9.9 to 10.1.
TEST(ClaimsTest, NearIsJudgedOnTheInterval) {
  Claims claims;
  EXPECT_EQ(claims.JudgeNear(Text("a"), 10, Values{9.95, 9.96, 9.97}, 0.01),
            Verdict::kPass);
  EXPECT_EQ(claims.JudgeNear(Text("b"), 10, Values{8, 8.1, 8.2}, 0.01),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeNear(Text("c"), 10, Values{9, 10, 11}, 0.01),
            Verdict::kTie);
  EXPECT_EQ(claims.JudgeNear(Text("d"), 10, Values{10.09}, 0.01),
            Verdict::kPass);
  EXPECT_EQ(claims.JudgeNear(Text("e"), 10, Values{10.11}, 0.01),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeNear(Text("f"), -10, Values{-10.09}, 0.01),
            Verdict::kPass);
  EXPECT_EQ(claims.all()[0].paper, "10");
  EXPECT_NEAR(claims.all()[0].ours, 9.96, 1e-12);
  EXPECT_EQ(claims.all()[0].seeds, 3);
  EXPECT_TRUE(std::isnan(claims.all()[3].low));
  EXPECT_EQ(claims.Count(Verdict::kFail), 2);
}

TEST(ClaimsTest, OrderIsJudgedOnPairs) {
  Claims claims;
  // Each seed's b is larger by about 1; the values themselves overlap widely.
  EXPECT_EQ(claims.JudgeLess(Text("a"), Values{1, 50, 9}, Values{2, 51.1, 9.9}),
            Verdict::kPass);
  EXPECT_EQ(claims.JudgeLess(Text("b"), Values{2, 51.1, 9.9}, Values{1, 50, 9}),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeLess(Text("c"), Values{1, 2}, Values{2, 1}),
            Verdict::kTie);
  EXPECT_EQ(claims.JudgeLess(Text("d"), Values{1}, Values{1}), Verdict::kTie);
  EXPECT_EQ(claims.JudgeLess(Text("e"), Values{1}, Values{1.5}),
            Verdict::kPass);
  EXPECT_NEAR(claims.all()[0].ours, 1, 1e-12);
}

TEST(ClaimsTest, Bounds) {
  Claims claims;
  EXPECT_EQ(claims.JudgeAtMost(Text("a"), Values{1, 1.1}, 5), Verdict::kPass);
  EXPECT_EQ(claims.JudgeAtMost(Text("b"), Values{9, 9.1}, 5), Verdict::kFail);
  EXPECT_EQ(claims.JudgeAtMost(Text("c"), Values{4, 6}, 5), Verdict::kTie);
  EXPECT_EQ(claims.JudgeAtLeast(Text("d"), Values{27, 28}, 5), Verdict::kPass);
  EXPECT_EQ(claims.JudgeAtLeast(Text("e"), Values{4.9}, 5), Verdict::kFail);
  EXPECT_EQ(claims.JudgeAtMost(Text("f"), Values{5}, 5), Verdict::kPass);
  EXPECT_EQ(claims.JudgeBetween(Text("g"), Values{1.5}, 1, 2), Verdict::kPass);
  EXPECT_EQ(claims.JudgeBetween(Text("h"), Values{2.5}, 1, 2), Verdict::kFail);
  EXPECT_EQ(claims.all()[0].paper, "<= 5");
  EXPECT_EQ(claims.all()[6].paper, "1 to 2");
}

TEST(ClaimsTest, ExactMeansToTheBit) {
  Claims claims;
  EXPECT_EQ(claims.JudgeExact(Text("a"), 7, Values{7, 7}), Verdict::kPass);
  EXPECT_EQ(claims.JudgeExact(Text("b"), 7, Values{7, std::nextafter(7, 8)}),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeTrue(Text("c"), true), Verdict::kPass);
  EXPECT_EQ(claims.JudgeTrue(Text("d"), false), Verdict::kFail);
}

TEST(ClaimsTest, NanFails) {
  Claims claims;
  const double nan = std::nan("");
  EXPECT_EQ(claims.JudgeNear(Text("a"), 1, Values{1, nan}, 1), Verdict::kFail);
  EXPECT_EQ(claims.JudgeLess(Text("b"), Values{nan}, Values{1}),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeAtMost(Text("c"), Values{nan}, 1), Verdict::kFail);
  EXPECT_EQ(claims.JudgeExact(Text("d"), nan, Values{nan}), Verdict::kFail);
}

// One infinite value among several: no seed may hide behind the others.
TEST(ClaimsTest, AnInfiniteValueAmongSeveralFails) {
  Claims claims;
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(claims.JudgeNear(Text("a"), 1, Values{1, infinity, 1}, 0.01),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeAtLeast(Text("b"), Values{30, infinity}, 27),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeAtMost(Text("c"), Values{1, -infinity}, 2),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeLess(Text("d"), Values{1, 1}, Values{2, infinity}),
            Verdict::kFail);
  EXPECT_EQ(claims.JudgeBetween(Text("e"), Values{1e308, 1e308, -1e308}, 0, 1),
            Verdict::kFail);
  // Alone it decides as any value does.
  EXPECT_EQ(claims.JudgeAtLeast(Text("f"), Values{infinity}, 27),
            Verdict::kPass);
  EXPECT_EQ(claims.JudgeAtMost(Text("g"), Values{infinity}, 27),
            Verdict::kFail);
}

TEST(ClaimsTest, APropertyOfSeveralSeedsSaysHowMany) {
  Claims claims;
  claims.JudgeTrue(Text("a"), true, 5);
  claims.JudgeTrue(Text("b"), true);
  EXPECT_EQ(claims.all()[0].seeds, 5);
  EXPECT_EQ(claims.all()[1].seeds, 1);
}

TEST(ClaimsTest, TheTextOfTheBoundCanBeGiven) {
  Claims claims;
  claims.JudgeAtLeast({"a", "s", "t", "27x"}, Values{28}, 27);
  claims.Skip(Text("b"), "no data");
  EXPECT_EQ(claims.all()[0].paper, "27x");
  EXPECT_EQ(claims.all()[1].statement, "says b (no data)");
  EXPECT_EQ(claims.all()[1].verdict, Verdict::kSkipped);
}

TEST(ClaimsTest, CsvHasTheAgreedColumns) {
  Claims claims;
  claims.JudgeNear({"T1", "Table 1, n = 51", "ATA, \"fast\""}, 1.07,
                   Values{1.0625}, 0.01);
  claims.Skip(Text("b"), "no data");
  EXPECT_EQ(ClaimsToCsv(claims.all()),
            "id,source,statement,paper,ours,low,high,seeds,verdict\n"
            "T1,\"Table 1, n = 51\",\"ATA, \"\"fast\"\"\",1.07,1.0625,,,1,"
            "pass\n"
            "b,Table 1,says b (no data),,,,,0,skipped\n");
}

TEST(ClaimsTest, CsvReadsBack) {
  Claims claims;
  claims.JudgeNear(Text("a"), 1.0 / 3, Values{0.33, 0.34, 0.1}, 0.01);
  claims.JudgeLess(Text("b"), Values{1}, Values{0.1});
  claims.Skip(Text("c"), "x");
  const std::string csv = ClaimsToCsv(claims.all());
  const auto parsed = ParseClaimsCsv(csv);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(ClaimsToCsv(*parsed), csv);
  EXPECT_EQ((*parsed)[0].low, claims.all()[0].low);
}

TEST(ClaimsTest, WrongCsvNamesTheRow) {
  const std::string header =
      "id,source,statement,paper,ours,low,high,seeds,verdict\n";
  EXPECT_THAT(ParseClaimsCsv("a,b\n"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("header")));
  EXPECT_THAT(ParseClaimsCsv(header + "a,b\n"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("row 2")));
  EXPECT_THAT(ParseClaimsCsv(header + "a,b,c,d,x,,,1,pass\n"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("ours is 'x'")));
  EXPECT_THAT(ParseClaimsCsv(header + "a,b,c,d,1,,,1.5,pass\n"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("seeds")));
  EXPECT_THAT(
      ParseClaimsCsv(header + "a,b,c,d,1,,,1,good\n"),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("verdict is 'good'")));
}

TEST(ClaimsTest, IncompleteRunsDecideNothing) {
  Claims claims;
  claims.JudgeTrue(Text("a"), false);
  const std::vector<Claim> marked = AsIncomplete(claims.all());
  EXPECT_EQ(marked[0].verdict, Verdict::kSkipped);
  EXPECT_THAT(marked[0].statement, HasSubstr("incomplete"));
}

TEST(ClaimsTest, TextCountsTheVerdicts) {
  Claims claims;
  claims.JudgeTrue(Text("a"), true);
  claims.JudgeTrue(Text("b"), false);
  EXPECT_THAT(ClaimsToText(claims.all()),
              HasSubstr("2 claims: 1 pass, 1 fail, 0 tie, 0 skipped"));
}

TEST(ClaimsTest, LongNumbersAreCutForPeople) {
  EXPECT_EQ(ShortPaper({.paper = "3.380728993228993"}), "3.38073");
  EXPECT_EQ(ShortPaper({.paper = "1.07"}), "1.07");
  EXPECT_EQ(ShortPaper({.paper = ">= 27.123456789"}), ">= 27.1235");
  EXPECT_EQ(ShortPaper({.paper = "-0.00012345678 to 123456.78"}),
            "-0.000123457 to 123457");
  EXPECT_EQ(ShortPaper({.paper = "123456"}), "123456");
  EXPECT_EQ(ShortPaper({.paper = "1234567"}), "1.23457e+06");
  EXPECT_EQ(ShortPaper({.paper = "6620000"}), "6620000");
  EXPECT_EQ(ShortPaper({.paper = "0.000001"}), "0.000001");
  EXPECT_EQ(ShortPaper({.paper = "27.123456789x, 2602.03802v1"}),
            "27.123456789x, 2602.03802v1");
  EXPECT_EQ(ShortPaper({.paper = "holds"}), "holds");
  EXPECT_EQ(ShortPaper({.paper = "1e400"}), "1e400");
  EXPECT_EQ(ShortPaper({}), "");
}

TEST(ClaimsDeathTest, IdsAreUnique) {
  Claims claims;
  claims.JudgeTrue(Text("a"), true);
  EXPECT_DEATH(claims.JudgeTrue(Text("a"), true), "two claims with id a");
}

}  // namespace
}  // namespace muster::benchmarks
