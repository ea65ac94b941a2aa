#include "muster/dispatch/lloyd.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/lloyd_assigner.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 4096;

// high + low += sign x, exactly but for the last rounding of low (D. Knuth's
// TwoSum): sums that come out the same, rounded to float, in whatever way they
// were reached.
MUSTER_VECTORIZE_CLONES void AddExactly(const float* x, double sign,
                                        int64_t dimension, double* high,
                                        double* low) {
  for (int64_t m = 0; m < dimension; ++m) {
    const double term = sign * static_cast<double>(x[m]);
    const double sum = high[m] + term;
    const double part = sum - high[m];
    low[m] += (high[m] - (sum - part)) + (term - part);
    high[m] = sum;
  }
}

// Sums and counts of the clusters' points.
class ClusterSums {
 public:
  ClusterSums(int64_t num_clusters, int64_t dimension)
      : dimension_(dimension),
        high_(static_cast<size_t>(num_clusters * dimension), 0.0),
        low_(high_.size(), 0.0),
        counts_(static_cast<size_t>(num_clusters), 0) {}

  int64_t count(int64_t c) const { return counts_[c]; }

  void Add(std::span<const float> x, int64_t c, int64_t sign) {
    AddExactly(x.data(), static_cast<double>(sign), dimension_,
               high_.data() + c * dimension_, low_.data() + c * dimension_);
    counts_[c] += sign;
  }

  void Clear() {
    std::fill(high_.begin(), high_.end(), 0.0);
    std::fill(low_.begin(), low_.end(), 0.0);
    std::fill(counts_.begin(), counts_.end(), 0);
  }

  // The mean of cluster c, which has points.
  void MeanOf(int64_t c, float* mean) const {
    const auto count = static_cast<double>(counts_[c]);
    for (int64_t m = 0; m < dimension_; ++m) {
      const int64_t at = c * dimension_ + m;
      mean[m] = static_cast<float>((high_[at] + low_[at]) / count);
    }
  }

 private:
  int64_t dimension_;
  std::vector<double> high_, low_;  // k x d
  std::vector<int64_t> counts_;
};

// Applies the changes, or sums anew where that is less work. Each cluster's
// terms are added in the order of points by one thread.
void UpdateSums(PointsView points, const std::vector<int32_t>& assignment,
                const std::vector<LloydAssigner::Change>& changes, int64_t k,
                ClusterSums* sums, const runtime::Runtime& runtime) {
  const bool anew = 2 * static_cast<int64_t>(changes.size()) > points.size;
  if (anew) sums->Clear();
  const int64_t parts = std::min<int64_t>(k, runtime::NumThreads(runtime));
  runtime::ParallelForEach(runtime, parts, [&](int64_t part) {
    const auto is_mine = [&](int32_t c) { return c >= 0 && c % parts == part; };
    if (anew) {
      for (int64_t j = 0; j < points.size; ++j) {
        const int32_t c = assignment[j];
        if (is_mine(c)) sums->Add(points.Point(j), c, 1);
      }
      return;
    }
    for (size_t i = 0; i < changes.size(); ++i) {
      if (const size_t ahead = i + PointsView::kPrefetchAhead;
          ahead < changes.size() &&
          (is_mine(changes[ahead].from) || is_mine(changes[ahead].to))) {
        points.Prefetch(changes[ahead].point);
      }
      const LloydAssigner::Change& change = changes[i];
      const std::span<const float> x = points.Point(change.point);
      if (is_mine(change.from)) sums->Add(x, change.from, -1);
      if (is_mine(change.to)) sums->Add(x, change.to, 1);
    }
  });
}

// The point farthest from its centre in a cluster of two points or more; -1 if
// none is off its centre.
int64_t FarthestPoint(PointsView points, const PointSet& centers,
                      const std::vector<int32_t>& assignment,
                      const ClusterSums& sums,
                      const runtime::Runtime& runtime) {
  struct Far {
    double square = 0;
    int64_t point = -1;
  };
  const auto blocks = runtime::CutBlocks(points.size, kPointsPerBlock);
  return runtime::FoldBlocks(
             runtime, blocks, Far{},
             [&](int64_t, runtime::Block block) {
               Far far;
               for (int64_t j = block.begin; j < block.end; ++j) {
                 const int32_t c = assignment[j];
                 if (sums.count(c) < 2) continue;
                 const double square =
                     SquaredDistance(points.Point(j), centers.Point(c));
                 if (square > far.square) far = {square, j};
               }
               return far;
             },
             [](Far a, Far b) { return b.square > a.square ? b : a; })
      .point;
}

// Gives clusters without points a point each (the rule of lloyd.h).
void FillEmpty(PointsView points, const PointSet& centers,
               LloydAssigner* assigner, ClusterSums* sums,
               const runtime::Runtime& runtime) {
  for (int64_t c = 0; c < centers.size(); ++c) {
    if (sums->count(c) > 0) continue;
    const int64_t j =
        FarthestPoint(points, centers, assigner->assignment(), *sums, runtime);
    if (j < 0) return;
    sums->Add(points.Point(j), assigner->assignment()[j], -1);
    sums->Add(points.Point(j), c, 1);
    assigner->Move(static_cast<int32_t>(j), static_cast<int32_t>(c));
  }
}

absl::Status ValidateInputs(PointsView points, const PointSet& centers) {
  MUSTER_RETURN_IF_ERROR(ValidateNumPoints(points.size));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(points, "points"));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(centers.View(), "initial centers"));
  return ValidateSameDimension(centers.View(), points.dimension,
                               "initial centers");
}

}  // namespace

absl::Status Validate(const LloydOptions& options) {
  if (options.max_iterations < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "lloyd: max_iterations is %d, need >= 1", options.max_iterations));
  }
  if (options.group_size < -1 || options.group_size % 16 != 0) {
    if (options.group_size == -1) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrFormat(
        "lloyd: group_size is %d, need -1 (automatic), 0 (no bounds) or a "
        "multiple of 16",
        options.group_size));
  }
  return absl::OkStatus();
}

int64_t ChooseGroupSize(int64_t num_centers, int64_t dimension) {
  if (num_centers <= 192) return (num_centers + 15) / 16 * 16;
  return dimension < 32 ? 128 : 64;
}

absl::StatusOr<LloydResult> Lloyd(PointsView points, PointSet initial_centers,
                                  const LloydOptions& options,
                                  const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(ValidateInputs(points, initial_centers));
  const int64_t k = initial_centers.size(), d = points.dimension;
  LloydResult result{.centers = std::move(initial_centers)};
  PointSet& centers = result.centers;
  LloydAssigner assigner(
      points, centers.View(),
      options.group_size == -1 ? ChooseGroupSize(k, d) : options.group_size);
  ClusterSums sums(k, d);
  bool fits = false;  // the assignment is to these centres
  while (!result.converged && result.iterations < options.max_iterations) {
    if (!runtime::ReportProgress(runtime, {.phase = "Lloyd",
                                           .done = result.iterations,
                                           .total = options.max_iterations})) {
      break;
    }
    const std::vector<LloydAssigner::Change> changes =
        assigner.Assign(centers.View(), runtime);
    fits = true;
    if (changes.empty() && result.iterations > 0) {
      result.converged = true;
      break;
    }
    UpdateSums(points, assigner.assignment(), changes, k, &sums, runtime);
    FillEmpty(points, centers, &assigner, &sums, runtime);
    for (int64_t c = 0; c < k; ++c) {
      if (sums.count(c) > 0) sums.MeanOf(c, centers.values.data() + c * d);
    }
    ++result.iterations;
    fits = false;
  }
  if (!fits) {
    const bool changed = !assigner.Assign(centers.View(), runtime).empty();
    result.converged = result.iterations > 0 && !changed;
  }
  result.assignment = assigner.assignment();
  result.pairs = assigner.pairs();
  result.cost = EvaluateObjective(Objective::kKMeans, points, centers.View(),
                                  result.assignment, 1, {}, runtime);
  return result;
}

}  // namespace muster::dispatch
