#include "muster/benchmarks/ata/workers.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/runtime/cluster_spec.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

absl::string_view PresetName(LawFamily family) {
  switch (family) {
    case LawFamily::kSqrt:
      return "ata_sqrt";
    case LawFamily::kLinear:
      return "ata_linear";
    case LawFamily::kMixed:
      return "ata_mixed";
    case LawFamily::kRegret:
      return "ata_regret";
  }
  return "";
}

double Alpha(LawFamily family, const Workers& workers) {
  const double largest =
      *std::max_element(workers.means.begin(), workers.means.end());
  const double n = workers.size();
  switch (family) {
    case LawFamily::kSqrt:
      return 4 * 29 * std::sqrt(n);
    case LawFamily::kLinear:
      return 4 * 29 * n;
    case LawFamily::kMixed:
      return 2 * largest;
    case LawFamily::kRegret:
      return largest;
  }
  return 0;
}

}  // namespace

Workers WorkersOf(const runtime::ClusterSpec& cluster) {
  Workers workers;
  for (const runtime::WorkerSpec& worker : cluster.workers) {
    workers.means.push_back(worker.law.Mean());
    workers.deviations.push_back(std::sqrt(worker.law.Variance()));
    workers.laws.push_back(worker.law);
  }
  workers.alpha =
      2 * *std::max_element(workers.means.begin(), workers.means.end());
  return workers;
}

absl::StatusOr<Workers> MakeWorkers(LawFamily family, int32_t n) {
  MUSTER_ASSIGN_OR_RETURN(runtime::ClusterSpec cluster,
                          runtime::ParseClusterSpec(absl::StrFormat(
                              "preset:%s(n=%d)", PresetName(family), n)));
  Workers workers = WorkersOf(cluster);
  workers.alpha = Alpha(family, workers);
  return workers;
}

ProxyOptimum FindProxyOptimum(const Workers& workers, int64_t budget) {
  allocation::MinMaxWorkspace workspace;
  std::vector<allocation::WorkerTasks> tasks;
  ProxyOptimum optimum;
  optimum.loss =
      allocation::MinMaxAllocate(workers.means, {}, budget, &workspace, &tasks);
  optimum.counts.resize(workers.means.size());
  for (const allocation::WorkerTasks& entry : tasks) {
    optimum.counts[entry.worker] = entry.tasks;
    optimum.worker_seconds += entry.tasks * workers.means[entry.worker];
  }
  return optimum;
}

}  // namespace muster::benchmarks
