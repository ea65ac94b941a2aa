#include "muster/dispatch/lloyd.h"

#include <algorithm>
#include <bit>
#include <limits>
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
// TwoSum); where kWatched twice, and not 0 if that rounding lost anything.
template <bool kWatched>
MUSTER_ALWAYS_INLINE uint64_t AddTwice(const float* x, double sign,
                                       int64_t dimension, double* high,
                                       double* low) {
  uint64_t lost = 0;
  for (int64_t m = 0; m < dimension; ++m) {
    const double term = sign * static_cast<double>(x[m]);
    const double sum = high[m] + term;
    const double part = sum - high[m];
    const double rest = (high[m] - (sum - part)) + (term - part);
    const double low_sum = low[m] + rest;
    if constexpr (kWatched) {
      const double low_part = low_sum - low[m];
      const double low_rest =
          (low[m] - (low_sum - low_part)) + (rest - low_part);
      lost |= std::bit_cast<uint64_t>(low_rest) << 1;  // without the sign of 0
    }
    high[m] = sum;
    low[m] = low_sum;
  }
  return lost;
}

MUSTER_VECTORIZE_CLONES void AddExactly(const float* x, double sign,
                                        int64_t dimension, double* high,
                                        double* low) {
  AddTwice<false>(x, sign, dimension, high, low);
}

// False if something was lost.
MUSTER_VECTORIZE_CLONES bool AddWatched(const float* x, double sign,
                                        int64_t dimension, double* high,
                                        double* low) {
  return AddTwice<true>(x, sign, dimension, high, low) == 0;
}

// The bits of |x|: the least above 0, less 1, and the most.
struct Magnitudes {
  uint32_t least = std::numeric_limits<uint32_t>::max();
  uint32_t most = 0;
};
MUSTER_VECTORIZE_CLONES void Measure(const float* values, int64_t count,
                                     Magnitudes* magnitudes) {
  uint32_t least = magnitudes->least, most = magnitudes->most;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(values[i]) & 0x7fffffffU;
    least = std::min(least, bits - 1);  // 0 wraps around
    most = std::max(most, bits);
  }
  *magnitudes = {least, most};
}

// Whether no sum can lose anything, in whatever way it is reached. With E the
// exponents of the largest and the least |x| > 0, all sums and their rests are
// multiples of q = 2^(least E - 23) and sums are below 2 n 2^(most E + 1). So
// each term leaves a rest of at most 2^-52 n 2^(most E + 1), and T terms, at
// most 2 n an iteration, leave a low sum that is exact if it is below 2^53 q.
bool SumsAreExact(PointsView points, int64_t max_iterations,
                  const runtime::Runtime& runtime) {
  const auto blocks = runtime::CutBlocks(points.size, kPointsPerBlock);
  const Magnitudes all = runtime::FoldBlocks(
      runtime, blocks, Magnitudes{},
      [&](int64_t, runtime::Block block) {
        Magnitudes mine;
        Measure(points.Point(block.begin).data(),
                block.size() * points.dimension, &mine);
        return mine;
      },
      [](Magnitudes a, Magnitudes b) {
        return Magnitudes{std::min(a.least, b.least), std::max(a.most, b.most)};
      });
  if (all.most == 0) return true;
  // Values below 2^-126 are multiples of 2^-149, as those from there on.
  const auto least_exponent =
      std::max<int64_t>(1, (int64_t{all.least} + 1) >> 23);
  const auto most_exponent = std::max<int64_t>(1, all.most >> 23);
  const auto log_n =
      static_cast<int64_t>(std::bit_width(static_cast<uint64_t>(points.size)));
  const int64_t log_terms = 1 + log_n +
                            static_cast<int64_t>(std::bit_width(
                                static_cast<uint64_t>(max_iterations)));
  return log_terms + log_n + most_exponent + 1 - 52 <= 53 + least_exponent - 23;
}

// Sums and counts of the clusters' points. Clusters may be changed from several
// threads, each cluster by one at a time.
class ClusterSums {
 public:
  // are_exact: as of SumsAreExact.
  ClusterSums(int64_t num_clusters, int64_t dimension, bool are_exact)
      : dimension_(dimension),
        are_exact_(are_exact),
        high_(static_cast<size_t>(num_clusters * dimension), 0.0),
        low_(high_.size(), 0.0),
        counts_(static_cast<size_t>(num_clusters), 0),
        rounded_(counts_.size(), 0),
        patched_(counts_.size(), 0) {}

  int64_t count(int64_t c) const { return counts_[c]; }
  // Whether the sum depends on how it was reached.
  bool IsStale(int64_t c) const { return rounded_[c] && patched_[c]; }

  // To a sum that is made anew: points in their order.
  void Add(std::span<const float> x, int64_t c) { AddSigned(x, c, 1); }
  // To or from a sum that is kept: sign 1 or -1.
  void Patch(std::span<const float> x, int64_t c, int64_t sign) {
    AddSigned(x, c, sign);
    patched_[c] = 1;
  }

  void Clear(int64_t c) {
    std::fill_n(high_.begin() + c * dimension_, dimension_, 0.0);
    std::fill_n(low_.begin() + c * dimension_, dimension_, 0.0);
    counts_[c] = 0;
    rounded_[c] = patched_[c] = 0;
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
  void AddSigned(std::span<const float> x, int64_t c, int64_t sign) {
    double* const high = high_.data() + c * dimension_;
    double* const low = low_.data() + c * dimension_;
    const auto factor = static_cast<double>(sign);
    if (are_exact_) {
      AddExactly(x.data(), factor, dimension_, high, low);
    } else if (!AddWatched(x.data(), factor, dimension_, high, low)) {
      rounded_[c] = 1;
    }
    counts_[c] += sign;
  }

  int64_t dimension_;
  bool are_exact_;
  std::vector<double> high_, low_;  // k x d
  std::vector<int64_t> counts_;
  // By cluster, since it was cleared: a sum lost something; it was patched.
  std::vector<char> rounded_, patched_;
};

// Sums the clusters anew for which is_wanted(c). Each cluster's terms are added
// in the order of points by one thread.
template <typename Predicate>
void SumAnew(PointsView points, const std::vector<int32_t>& assignment,
             int64_t k, const Predicate& is_wanted, ClusterSums* sums,
             const runtime::Runtime& runtime) {
  std::vector<char> wanted(static_cast<size_t>(k));
  for (int64_t c = 0; c < k; ++c) {
    wanted[c] = is_wanted(c) ? 1 : 0;
    if (wanted[c]) sums->Clear(c);
  }
  const int64_t parts = std::min<int64_t>(k, runtime::NumThreads(runtime));
  runtime::ParallelForEach(runtime, parts, [&](int64_t part) {
    for (int64_t j = 0; j < points.size; ++j) {
      const int32_t c = assignment[j];
      if (c % parts == part && wanted[c]) sums->Add(points.Point(j), c);
    }
  });
}

// What was lost beside a huge value shows once that has left (1e30 + 1e14 +
// 1e-3, less 1e30 and 1e14): such sums are made anew.
void RenewStale(PointsView points, const std::vector<int32_t>& assignment,
                int64_t k, ClusterSums* sums, const runtime::Runtime& runtime) {
  const auto is_stale = [&](int64_t c) { return sums->IsStale(c); };
  for (int64_t c = 0; c < k; ++c) {
    if (!is_stale(c)) continue;
    SumAnew(points, assignment, k, is_stale, sums, runtime);
    return;
  }
}

// Applies the changes, or sums anew where that is less work.
void UpdateSums(PointsView points, const std::vector<int32_t>& assignment,
                const std::vector<LloydAssigner::Change>& changes, int64_t k,
                ClusterSums* sums, const runtime::Runtime& runtime) {
  if (2 * static_cast<int64_t>(changes.size()) > points.size) {
    const auto all = [](int64_t) { return true; };
    SumAnew(points, assignment, k, all, sums, runtime);
    return;
  }
  const int64_t parts = std::min<int64_t>(k, runtime::NumThreads(runtime));
  runtime::ParallelForEach(runtime, parts, [&](int64_t part) {
    const auto is_mine = [&](int32_t c) { return c >= 0 && c % parts == part; };
    for (size_t i = 0; i < changes.size(); ++i) {
      if (const size_t ahead = i + PointsView::kPrefetchAhead;
          ahead < changes.size() &&
          (is_mine(changes[ahead].from) || is_mine(changes[ahead].to))) {
        points.Prefetch(changes[ahead].point);
      }
      const LloydAssigner::Change& change = changes[i];
      const std::span<const float> x = points.Point(change.point);
      if (is_mine(change.from)) sums->Patch(x, change.from, -1);
      if (is_mine(change.to)) sums->Patch(x, change.to, 1);
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
    sums->Patch(points.Point(j), assigner->assignment()[j], -1);
    sums->Patch(points.Point(j), c, 1);
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
  ClusterSums sums(k, d, SumsAreExact(points, options.max_iterations, runtime));
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
    RenewStale(points, assigner.assignment(), k, &sums, runtime);
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
