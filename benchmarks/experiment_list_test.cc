#include "muster/benchmarks/experiment_list.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::StatusIs;
using ::testing::HasSubstr;

constexpr char kText[] =
    "//benchmarks/ata:sqrt_law\tTable 1\n"
    "//benchmarks/ata:regret\tFigure 4\n"
    "//benchmarks/other:x\tthe x\n";

TEST(ExperimentListTest, ReadsEachLine) {
  const auto list = ParseExperimentList(kText);
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->size(), 3u);
  EXPECT_EQ((*list)[0].name, "sqrt_law");
  EXPECT_EQ((*list)[0].label, "//benchmarks/ata:sqrt_law");
  EXPECT_EQ((*list)[0].program, "benchmarks/ata/sqrt_law");
  EXPECT_EQ((*list)[0].description, "Table 1");
  EXPECT_EQ(ParseExperimentList("\n")->size(), 0u);
}

TEST(ExperimentListTest, NamesTheWrongLine) {
  EXPECT_THAT(ParseExperimentList("//a:b\tx\n//a\ty\n"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("line 2")));
  EXPECT_THAT(ParseExperimentList("//a:b x\n"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("a tab")));
  EXPECT_THAT(
      ParseExperimentList("//a:b\tx\n//c:b\ty\n"),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("second one named b")));
}

TEST(ExperimentListTest, SelectsByNameInTheListsOrder) {
  const auto all = *ParseExperimentList(kText);
  const auto some = SelectExperiments(all, "x, sqrt_law");
  ASSERT_THAT(some, IsOk());
  ASSERT_EQ(some->size(), 2u);
  EXPECT_EQ((*some)[0].name, "sqrt_law");
  EXPECT_EQ((*some)[1].name, "x");
  EXPECT_EQ(SelectExperiments(all, "")->size(), 3u);
  EXPECT_THAT(SelectExperiments(all, "regre"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no experiment named 'regre'; there are "
                                 "sqrt_law, regret, x")));
}

}  // namespace
}  // namespace muster::benchmarks
