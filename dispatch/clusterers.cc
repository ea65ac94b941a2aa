#include "muster/dispatch/clusterers.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

template <typename Member, auto kField>
absl::StatusOr<std::unique_ptr<Clusterer>> Create(
    const ClustererOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options.*kField));
  return std::make_unique<Member>(options.*kField);
}

constexpr ClustererEntry kTable[] = {
    {"merge_split",
     "k-means++ and Lloyd, small clusters merged, large ones split (the "
     "paper's)",
     Create<MergeSplitClusterer, &ClustererOptions::merge_split>},
    {"stability",
     "for separated data: oversampling and deletion, threshold graphs or "
     "components, by the objective",
     Create<StabilityClusterer, &ClustererOptions::stability>},
    {"balanced",
     "balanced k-means: the exact assignment within the bounds and centroids, "
     "in turn; prices",
     Create<BalancedClusterer, &ClustererOptions::balanced>},
    {"balanced_fast",
     "balanced k-means for tens of millions of points: a sample, then exact "
     "chunks; prices",
     Create<BalancedFastClusterer, &ClustererOptions::balanced_fast>},
    {"lp_rounding",
     "linear programme and rounding, p >= 2, with a lower bound; hundreds of "
     "points",
     Create<LpRoundingClusterer, &ClustererOptions::lp_rounding>},
    {"k_center", "k-center within 6 times the optimum; up to 200 points",
     Create<KCenterClusterer, &ClustererOptions::k_center>},
    {"exact", "the optimum by integer programme; up to 60 points",
     Create<ExactClusterer, &ClustererOptions::exact>},
};

}  // namespace

std::span<const ClustererEntry> ClustererTable() { return kTable; }

absl::StatusOr<std::unique_ptr<Clusterer>> CreateClusterer(
    absl::string_view name, const ClustererOptions& options) {
  std::vector<std::string> names;
  for (const ClustererEntry& entry : kTable) {
    if (entry.name == name) return entry.create(options);
    names.emplace_back(entry.name);
  }
  return absl::NotFoundError(absl::StrCat(
      "no clusterer \"", name, "\"; there are ", absl::StrJoin(names, ", ")));
}

}  // namespace muster::dispatch
