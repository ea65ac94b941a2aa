#include "muster/benchmarks/ata/regret_bounds.h"

#include <cmath>

#include "gtest/gtest.h"

namespace muster::benchmarks {
namespace {

// mu = (1, 2), B = 2: a* = (2, 0) with l = 2 (the tie 2 * 1 = 1 * 2 goes to the
// lower index), k = (1, 2): gaps 3 - 2 = 1 and 2 * 2 - 2 = 2; B mu_i - l =
// 0, 2.
TEST(RegretBoundsTest, TwoWorkersByHand) {
  Workers workers;
  workers.laws.resize(2, runtime::SpeedLaw::Constant(1));
  workers.means = {1, 2};
  const double log_term = std::log(2.0 * 100 * 100);
  EXPECT_NEAR(AtaRegretBound(workers, 2, 0.5, 100),
              2 * 2 * 2 + 24 * 0.25 * 2 * 2 * log_term / 4, 1e-9);
  EXPECT_NEAR(AtaEmpiricalRegretBound(workers, 2, 0.5, 100),
              2 * 2 * 2 + 185 * 0.25 * 4 * 2 * 2 * log_term / 4, 1e-9);
}

// The instance of the paper's figure 4 at K = 4,000,000: 8.5e7 with the true
// psi_1 norm 61.25, and 5.8e7 with eta = 1.531.
TEST(RegretBoundsTest, FigureFour) {
  const absl::StatusOr<Workers> workers = MakeWorkers(LawFamily::kRegret, 20);
  ASSERT_TRUE(workers.ok()) << workers.status();
  EXPECT_NEAR(AtaRegretBound(*workers, 5, 61.25, 4'000'000), 8.5e7, 0.05e7);
  EXPECT_NEAR(AtaEmpiricalRegretBound(*workers, 5, 1.531, 4'000'000), 5.8e7,
              0.05e7);
}

}  // namespace
}  // namespace muster::benchmarks
