#include "muster/tools/dispatch/fit_report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "muster/runtime/math.h"

namespace muster::tools::dispatch {

std::string CostText(const lib::Clustering& clustering,
                     lib::Objective objective) {
  std::string text = absl::StrFormat(
      "%.6g (%s over %d copies)", clustering.cost,
      std::string(lib::ObjectiveName(objective)), clustering.clusters.size());
  if (clustering.scope == lib::CertificateScope::kNone ||
      !(clustering.lower_bound > 0)) {
    return text;
  }
  const double above =
      std::max(0.0, clustering.cost / clustering.lower_bound - 1);
  absl::StrAppendFormat(&text, ", at most %.3g %% above the best %s",
                        100 * above,
                        clustering.scope == lib::CertificateScope::kFixedCenters
                            ? "assignment to these centres"
                            : "clustering");
  return text;
}

double ShareError(const lib::LoadSpread& spread, int64_t copies) {
  const auto n = static_cast<double>(spread.points);
  const auto k = static_cast<double>(spread.loads.size());
  const double z = runtime::InverseNormalCdf(1 - 0.05 / (2 * k));
  const double shrink = 1 + z * z / n;
  double error = 0;
  for (const int64_t load : spread.loads) {
    const double share = static_cast<double>(load) / n;
    const double middle = (share + z * z / (2 * n)) / shrink;
    const double half =
        z / shrink * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    error = std::max(error, std::abs(middle - share) + half);
  }
  return error * k / static_cast<double>(copies);
}

}  // namespace muster::tools::dispatch
