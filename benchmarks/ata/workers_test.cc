#include "muster/benchmarks/ata/workers.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

Workers Make(LawFamily family, int32_t n) {
  absl::StatusOr<Workers> workers = MakeWorkers(family, n);
  EXPECT_TRUE(workers.ok()) << workers.status();
  return *std::move(workers);
}

std::vector<int32_t> Used(const ProxyOptimum& optimum) {
  std::vector<int32_t> used = optimum.counts;
  while (!used.empty() && used.back() == 0) used.pop_back();
  return used;
}

TEST(WorkersTest, MeansAndConstantsAreThePapers) {
  const Workers sqrt_law = Make(LawFamily::kSqrt, 51);
  EXPECT_EQ(sqrt_law.size(), 51);
  EXPECT_NEAR(sqrt_law.means[0], 58, 1e-12);
  EXPECT_NEAR(sqrt_law.means[50], 58 * std::sqrt(51), 1e-9);
  EXPECT_NEAR(sqrt_law.deviations[3], 58, 1e-9);
  EXPECT_NEAR(sqrt_law.alpha, 116 * std::sqrt(51), 1e-9);
  const Workers linear = Make(LawFamily::kLinear, 17);
  EXPECT_NEAR(linear.means[16], 58 * 17, 1e-9);
  EXPECT_NEAR(linear.alpha, 116 * 17, 1e-9);
  const Workers regret = Make(LawFamily::kRegret, 20);
  EXPECT_NEAR(regret.means[19], 40, 1e-12);
  EXPECT_NEAR(regret.alpha, 40, 1e-12);
}

// Every law of a group of five has the mean 2 * 29 (5 g + 1).
TEST(WorkersTest, MixedGroupsShareTheirMean) {
  const Workers mixed = Make(LawFamily::kMixed, 15);
  for (int32_t i = 0; i < 15; ++i) {
    EXPECT_NEAR(mixed.means[i], 58.0 * (5 * (i / 5) + 1), 1e-9) << i;
  }
}

// The oracle allocations that the paper's laws imply.
TEST(WorkersTest, FindsTheProxyOptimum) {
  const ProxyOptimum sqrt_law =
      FindProxyOptimum(Make(LawFamily::kSqrt, 51), kPaperBudget);
  EXPECT_THAT(Used(sqrt_law),
              ElementsAre(4, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
  EXPECT_NEAR(sqrt_law.loss, 58 * std::sqrt(17), 1e-9);
  EXPECT_NEAR(sqrt_law.worker_seconds, 3290.837, 1e-3);
  const ProxyOptimum linear =
      FindProxyOptimum(Make(LawFamily::kLinear, 51), kPaperBudget);
  EXPECT_THAT(Used(linear), ElementsAre(9, 4, 3, 2, 1, 1, 1, 1, 1));
  EXPECT_NEAR(linear.loss, 522, 1e-9);
  EXPECT_NEAR(linear.worker_seconds, 4002, 1e-9);
  const ProxyOptimum mixed =
      FindProxyOptimum(Make(LawFamily::kMixed, 45), kPaperBudget);
  EXPECT_THAT(Used(mixed), UnorderedElementsAre(5, 5, 5, 4, 4));
  EXPECT_NEAR(mixed.loss, 290, 1e-9);
  const ProxyOptimum regret = FindProxyOptimum(Make(LawFamily::kRegret, 20), 5);
  EXPECT_THAT(Used(regret), ElementsAre(3, 1, 1));
  EXPECT_NEAR(regret.loss, 6, 1e-12);
}

}  // namespace
}  // namespace muster::benchmarks
