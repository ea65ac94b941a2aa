#include "muster/dispatch/clusterer_checks.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

std::string ObjectivesOf(const ClustererTraits& traits) {
  std::string names;
  const auto add = [&](bool takes, Objective objective) {
    if (takes) {
      absl::StrAppend(&names, names.empty() ? "" : ", ",
                      ObjectiveName(objective));
    }
  };
  add(traits.median, Objective::kKMedian);
  add(traits.means, Objective::kKMeans);
  add(traits.center, Objective::kKCenter);
  return names;
}

bool Takes(const ClustererTraits& traits, Objective objective) {
  switch (objective) {
    case Objective::kKMedian:
      return traits.median;
    case Objective::kKMeans:
      return traits.means;
    case Objective::kKCenter:
      return traits.center;
  }
  return false;
}

}  // namespace

absl::Status ValidateFor(const Clusterer& clusterer,
                         const ClusteringProblem& problem) {
  MUSTER_RETURN_IF_ERROR(Validate(problem));
  const ClustererTraits traits = clusterer.traits();
  if (!Takes(traits, problem.objective)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("objective is %s, but the clusterer %s takes %s",
                        ObjectiveName(problem.objective), clusterer.name(),
                        ObjectivesOf(traits)));
  }
  if (problem.copies < traits.min_copies) {
    return absl::InvalidArgumentError(
        absl::StrFormat("copies p = %d, but the clusterer %s needs p >= %d",
                        problem.copies, clusterer.name(), traits.min_copies));
  }
  if (problem.copies > traits.max_copies) {
    return absl::InvalidArgumentError(
        absl::StrFormat("copies p = %d, but the clusterer %s takes p <= %d",
                        problem.copies, clusterer.name(), traits.max_copies));
  }
  if (!problem.weights.empty() && !traits.weights) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "weights are given, but the clusterer %s counts every point once",
        clusterer.name()));
  }
  if (traits.max_points > 0 && problem.points.size > traits.max_points) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "%d points, but the clusterer %s takes at most %d: draw a sample, or "
        "choose another clusterer",
        problem.points.size, clusterer.name(), traits.max_points));
  }
  return absl::OkStatus();
}

}  // namespace muster::dispatch
