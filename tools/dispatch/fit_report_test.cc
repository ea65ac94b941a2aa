#include "muster/tools/dispatch/fit_report.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/router.h"

namespace muster::tools::dispatch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A cost of twice the bound is 100 % above it.
TEST(FitReportTest, CostIsComparedWithItsBound) {
  lib::Clustering clustering{.clusters = {0, 1, 1, 0},
                             .copies = 2,
                             .cost = 6,
                             .lower_bound = 3,
                             .scope = lib::CertificateScope::kAnyCenters};
  const auto text = [&] {
    return CostText(clustering, lib::Objective::kKMeans);
  };
  EXPECT_EQ(text(),
            "6 (k-means over 4 copies), at most 100 % above the best "
            "clustering");
  clustering.scope = lib::CertificateScope::kFixedCenters;
  clustering.lower_bound = 5;
  EXPECT_THAT(text(), HasSubstr("at most 20 % above the best assignment to"));
  // A bound above the cost by rounding.
  clustering.lower_bound = 6.0000001;
  EXPECT_THAT(text(), HasSubstr("at most 0 % above"));
  for (const double bound : {0.0, -1.0, -HUGE_VAL}) {
    clustering.lower_bound = bound;
    EXPECT_EQ(text(), "6 (k-means over 4 copies)");
  }
  clustering.lower_bound = 3;
  clustering.scope = lib::CertificateScope::kNone;
  EXPECT_THAT(text(), Not(HasSubstr("above")));
}

// Shares 1, 1/2 and 1/2 of 10,000 points: the widest interval is that of the
// halves, z sqrt(1/4 / n) with z = 2.394, in means of 2/3.
TEST(FitReportTest, TheWidestIntervalCounts) {
  EXPECT_NEAR(ShareError(lib::SpreadOfLoads({10000, 5000, 5000}, 10000), 2),
              2.394 * 0.005 * 1.5, 2e-5);
  // Shares of a tenth in ten groups: z = 2.807.
  EXPECT_NEAR(
      ShareError(lib::SpreadOfLoads(std::vector<int64_t>(10, 1000), 10000), 1),
      2.807 * 0.003 * 10, 5e-3);
}

// A hundred of a hundred points in one group are no proof that all are.
TEST(FitReportTest, NoIntervalIsEmpty) {
  const double error = ShareError(lib::SpreadOfLoads({100, 0}, 100), 1);
  // z^2 / n / (1 + z^2 / n) with z = 2.241, in means of 1/2.
  EXPECT_NEAR(error, 2 * 0.0478, 1e-3);
}

}  // namespace
}  // namespace muster::tools::dispatch
