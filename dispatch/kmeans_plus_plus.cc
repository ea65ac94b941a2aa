#include "muster/dispatch/kmeans_plus_plus.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 2048;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Squared distance by 8 sums, in double: a fixed order that vectorises.
MUSTER_ALWAYS_INLINE double LaneDistance(const float* x, const float* y,
                                         int64_t dimension) {
  double lanes[8] = {};
  int64_t m = 0;
  for (; m + 8 <= dimension; m += 8) {
    for (int l = 0; l < 8; ++l) {
      const double difference = static_cast<double>(x[m + l]) - y[m + l];
      lanes[l] += difference * difference;
    }
  }
  double sum = 0;
  for (; m < dimension; ++m) {
    const double difference = static_cast<double>(x[m]) - y[m];
    sum += difference * difference;
  }
  for (const double lane : lanes) sum += lane;
  return sum;
}

// squares[i] = min(squares[i], |point rows[i] - center|^2) for `count` rows;
// owners[rows[i]] = owner where that is smaller.
MUSTER_VECTORIZE_CLONES void TakeCloser(const float* points, int64_t dimension,
                                        const int32_t* rows, int64_t count,
                                        const float* center, int32_t owner,
                                        double* squares, int32_t* owners) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t j = rows[i];
    const double square =
        LaneDistance(points + j * dimension, center, dimension);
    if (square < squares[j]) {
      squares[j] = square;
      owners[j] = owner;
    }
  }
}

class Seeder {
 public:
  Seeder(PointsView points, std::span<const double> weights, int power,
         const runtime::Runtime& runtime)
      : points_(points),
        weights_(weights),
        power_(power),
        runtime_(runtime),
        blocks_(runtime::CutBlocks(points.size, kPointsPerBlock)) {
    state_.squares.assign(static_cast<size_t>(points.size), kInfinity);
    state_.owners.assign(static_cast<size_t>(points.size), -1);
    state_.masses.assign(blocks_.size(), 0.0);
  }

  absl::StatusOr<std::vector<int64_t>> Run(int64_t k, int64_t trials,
                                           runtime::Rng rng) {
    while (static_cast<int64_t>(centers_.size()) < k) {
      if (!runtime::ReportProgress(
              runtime_, {.phase = "k-means++",
                         .done = static_cast<int64_t>(centers_.size()),
                         .total = k})) {
        return absl::CancelledError("k-means++: stopped from outside");
      }
      const auto step = static_cast<uint64_t>(centers_.size());
      runtime::Rng draw = rng.Fork("kmeans++", step);
      if (centers_.empty()) {
        Choose(DrawByMass(draw));
      } else if (Potential(state_) > 0) {
        ChooseBest(trials, draw);
      } else {
        Choose(DrawUndrawn(draw));
      }
    }
    return std::move(centers_);
  }

 private:
  // What is known of the points for the centres so far.
  struct State {
    std::vector<double> squares;  // D_j^2
    std::vector<int32_t> owners;  // the centre that it belongs to
    std::vector<double> masses;   // sum of w_j D_j^power, by block
  };

  double MassOf(const State& state, int64_t j) const {
    const double weight = weights_.empty() ? 1.0 : weights_[j];
    if (centers_.empty()) return weight;
    const double square = state.squares[j];
    return weight * (power_ == 2 ? square : std::sqrt(square));
  }

  double Potential(const State& state) const {
    return runtime::PairwiseSum(state.masses);
  }

  // A point with probability proportional to its mass.
  int64_t DrawByMass(runtime::Rng& rng) {
    if (centers_.empty()) Measure(&state_);
    double left =
        runtime::Uniform01(rng) *
        std::accumulate(state_.masses.begin(), state_.masses.end(), 0.0);
    size_t b = 0;
    while (b + 1 < blocks_.size() && left >= state_.masses[b]) {
      left -= state_.masses[b++];
    }
    // Roundings may carry past the last point of mass > 0: take that one.
    int64_t chosen = -1;
    for (; chosen < 0 || left >= 0; ++b) {
      if (b == blocks_.size()) break;
      for (int64_t j = blocks_[b].begin; j < blocks_[b].end; ++j) {
        const double mass = MassOf(state_, j);
        if (!(mass > 0)) continue;
        chosen = j;
        left -= mass;
        if (left < 0) return j;
      }
    }
    if (chosen >= 0) return chosen;
    for (int64_t j = points_.size; j-- > 0;) {
      if (MassOf(state_, j) > 0) return j;
    }
    MUSTER_CHECK(false);
    return 0;
  }

  int64_t DrawUndrawn(runtime::Rng& rng) const {
    std::vector<int64_t> drawn = centers_;
    std::sort(drawn.begin(), drawn.end());
    int64_t index = runtime::UniformInt(
        rng, points_.size - static_cast<int64_t>(drawn.size()));
    for (const int64_t j : drawn) {
      if (j <= index) ++index;
    }
    return index;
  }

  void Choose(int64_t j) {
    centers_.push_back(j);
    Update(j, static_cast<int32_t>(centers_.size() - 1), &state_);
  }

  void ChooseBest(int64_t trials, runtime::Rng& rng) {
    if (trials <= 1) return Choose(DrawByMass(rng));
    std::vector<int64_t> draws;
    for (int64_t t = 0; t < trials; ++t) draws.push_back(DrawByMass(rng));
    double least = kInfinity;
    int64_t best = draws[0];
    State best_state;
    for (const int64_t j : draws) {
      State state = state_;
      Update(j, static_cast<int32_t>(centers_.size()), &state);
      const double potential = Potential(state);
      if (potential < least) {
        least = potential;
        best = j;
        best_state = std::move(state);
      }
    }
    if (least == kInfinity) return Choose(best);
    centers_.push_back(best);
    state_ = std::move(best_state);
  }

  // Takes point j as centre `owner`.
  void Update(int64_t j, int32_t owner, State* state) const {
    // A point at D from its centre a stays there if |a - new| >= 2 D; the
    // margin is for roundings.
    std::vector<double> reach(static_cast<size_t>(owner) + 1, kInfinity);
    const float* center = points_.values + j * points_.dimension;
    for (int32_t c = 0; c < owner; ++c) {
      reach[c] = LaneDistance(points_.values + centers_[c] * points_.dimension,
                              center, points_.dimension) /
                 4 * (1 - 1e-6);
    }
    runtime::ParallelForBlocks(
        runtime_, blocks_, [&](int64_t b, runtime::Block block) {
          std::vector<int32_t> rows;
          rows.reserve(static_cast<size_t>(block.size()));
          for (int64_t i = block.begin; i < block.end; ++i) {
            const int32_t mine = state->owners[i];
            if (mine < 0 || state->squares[i] > reach[mine]) {
              rows.push_back(static_cast<int32_t>(i));
            }
          }
          TakeCloser(points_.values, points_.dimension, rows.data(),
                     static_cast<int64_t>(rows.size()), center, owner,
                     state->squares.data(), state->owners.data());
          MeasureBlock(b, block, state);
        });
  }

  void MeasureBlock(int64_t b, runtime::Block block, State* state) const {
    double mass = 0;
    for (int64_t j = block.begin; j < block.end; ++j) {
      mass += MassOf(*state, j);
    }
    state->masses[b] = mass;
  }

  void Measure(State* state) const {
    runtime::ParallelForBlocks(runtime_, blocks_,
                               [&](int64_t b, runtime::Block block) {
                                 MeasureBlock(b, block, state);
                               });
  }

  PointsView points_;
  std::span<const double> weights_;
  int power_;
  const runtime::Runtime& runtime_;
  std::vector<runtime::Block> blocks_;
  std::vector<int64_t> centers_;
  State state_;
};

}  // namespace

absl::StatusOr<std::vector<int64_t>> SeedKMeansPlusPlus(
    PointsView points, int64_t k, std::span<const double> weights,
    const SeedOptions& options, runtime::Rng rng,
    const runtime::Runtime& runtime) {
  MUSTER_CHECK(1 <= k && k <= points.size);
  MUSTER_CHECK(points.size <= std::numeric_limits<int32_t>::max());
  MUSTER_CHECK(weights.empty() ||
               static_cast<int64_t>(weights.size()) == points.size);
  MUSTER_CHECK(options.power == 1 || options.power == 2);
  return Seeder(points, weights, options.power, runtime)
      .Run(k, options.trials, rng);
}

}  // namespace muster::dispatch
