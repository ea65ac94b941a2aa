#include "muster/models/dual_coordinate_descent.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "muster/models/vector_ops.h"
#include "muster/runtime/check.h"
#include "muster/runtime/math.h"
#include "muster/runtime/vectorize.h"

namespace muster::models {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Rows by which memory is asked for ahead of use.
constexpr int64_t kAhead = 4;
// Newton steps in t before the row is left for the next pass.
constexpr int kMaxRootSteps = 8;
// Relative decrease of |t + z + ...| that is good enough for one visit.
constexpr double kRootTolerance = 0.02;
constexpr double kLn2 = 0.6931471805599453;

// What a visit reads and writes beside the features, in one place.
struct RowState {
  double alpha = 0;
  double norm2 = 0;  // ||x||^2
  double sign = 0;
  // Hinge: 1 / (||x||^2 + 1/(2C)); logistic: ln(alpha / (C - alpha)).
  double own = 0;
};

struct PassTotals {
  double gap = 0;               // of the rows, when visited
  double loss = 0;              // likewise, without C
  double largest = -kInfinity;  // projected gradient
  double norm2_change = 0;      // of ||w||^2
  int64_t kept = 0;   // rows not left out; they are the first of the order
  int64_t moved = 0;  // rows whose alpha changed
};

// All orders equally likely but for a bias below 2^-32 size; four draws for one
// Philox block.
void ShuffleRows(runtime::Rng rng, std::span<int32_t> order) {
  constexpr size_t kBlocks = 128;
  std::array<uint64_t, kBlocks> streams;
  std::array<uint64_t, kBlocks> positions;
  std::array<uint64_t, kBlocks> first;
  std::array<uint64_t, kBlocks> second;
  streams.fill(rng.stream());
  size_t last = order.size();
  for (uint64_t position = 0; last > 1; position += kBlocks) {
    std::iota(positions.begin(), positions.end(), position);
    runtime::PhiloxBatch(rng.seed(), streams, positions, first, second);
    for (size_t block = 0; block < kBlocks; ++block) {
      const std::array<uint64_t, 4> words = {
          first[block] & 0xffffffff, first[block] >> 32,
          second[block] & 0xffffffff, second[block] >> 32};
      for (uint64_t word : words) {
        if (last < 2) return;
        const size_t other = word * last >> 32;
        --last;
        std::swap(order[last], order[other]);
      }
    }
  }
}

template <bool kDense>
MUSTER_ALWAYS_INLINE void Prefetch(const FeatureRows& rows,
                                   const RowState* states, int32_t row) {
  __builtin_prefetch(states + row, 1);
  if constexpr (kDense) {
    __builtin_prefetch(rows.values + row * rows.num_features);
  } else {
    __builtin_prefetch(rows.values + rows.row_begin[row]);
    __builtin_prefetch(rows.columns + rows.row_begin[row]);
  }
}

template <bool kDense>
MUSTER_ALWAYS_INLINE PassTotals HingePass(const FeatureRows& rows, double c,
                                          double leave_out_above,
                                          std::span<int32_t> order,
                                          RowState* states, double* w) {
  PassTotals totals;
  const auto size = static_cast<int64_t>(order.size());
  const double quarter_inverse = 0.25 / c;
  for (int64_t s = 0; s < size; ++s) {
    if (s + kAhead < size) Prefetch<kDense>(rows, states, order[s + kAhead]);
    const int32_t row = order[s];
    RowState& state = states[row];
    const double z = state.sign * rows.DotAs<kDense>(row, w);
    const double short_of = 1 - z;
    double gradient = state.alpha * (2 * quarter_inverse) - short_of;
    if (short_of > 0) {
      const double difference = 2 * c * short_of - state.alpha;
      totals.gap += difference * difference * quarter_inverse;
      totals.loss += short_of * short_of;
    } else {
      totals.gap += state.alpha * (state.alpha * quarter_inverse - short_of);
    }
    if (state.alpha == 0 && gradient >= 0) {
      if (gradient > leave_out_above) continue;
      gradient = 0;
    }
    order[totals.kept++] = row;
    totals.largest = std::max(totals.largest, gradient);
    const double next = std::max(0.0, state.alpha - gradient * state.own);
    const double step = next - state.alpha;
    if (step == 0) continue;
    state.alpha = next;
    totals.norm2_change += step * (2 * z + step * state.norm2);
    ++totals.moved;
    rows.AddScaledAs<kDense>(row, step * state.sign, w);
  }
  return totals;
}

// sigma(t).
MUSTER_ALWAYS_INLINE double Sigmoid(double t) {
  return 1 / (1 + runtime::Exp(-t));
}

template <bool kDense>
MUSTER_ALWAYS_INLINE PassTotals LogisticPass(const FeatureRows& rows, double c,
                                             std::span<const int32_t> order,
                                             RowState* states, double* w) {
  PassTotals totals;
  const auto size = static_cast<int64_t>(order.size());
  const double inverse_c = 1 / c;
  totals.kept = size;
  for (int64_t s = 0; s < size; ++s) {
    if (s + kAhead < size) Prefetch<kDense>(rows, states, order[s + kAhead]);
    const int32_t row = order[s];
    RowState& state = states[row];
    const double z = state.sign * rows.DotAs<kDense>(row, w);
    const double norm2 = state.norm2;
    // The root lies in [low, high], as 0 <= sigma <= 1.
    double low = -z - norm2 * (c - state.alpha);
    double high = -z + norm2 * state.alpha;
    double t = std::clamp(state.own, low, high);
    // alpha is C sigma(t) of the last visit.
    double sigma = t == state.own && state.alpha > 0 ? state.alpha * inverse_c
                                                     : Sigmoid(t);
    double value = t + z + norm2 * (c * sigma - state.alpha);
    // Second order in the difference to the optimal alpha, C sigma(-z).
    totals.gap += 0.5 * c * sigma * (1 - sigma) * (t + z) * (t + z);
    // Three tangents of the loss: at no time above it.
    totals.loss += std::max({0.0, -z, kLn2 - 0.5 * z});
    const double enough = kRootTolerance * std::abs(value);
    for (int step = 0; step < kMaxRootSteps && value != 0; ++step) {
      (value > 0 ? high : low) = t;
      double next = t - value / (1 + norm2 * c * sigma * (1 - sigma));
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      t = next;
      sigma = Sigmoid(t);
      value = t + z + norm2 * (c * sigma - state.alpha);
      if (std::abs(value) <= enough) break;
    }
    const double next = c * sigma;
    const double step = next - state.alpha;
    state.own = t;
    if (step == 0) continue;
    state.alpha = next;
    totals.norm2_change += step * (2 * z + step * state.norm2);
    ++totals.moved;
    rows.AddScaledAs<kDense>(row, step * state.sign, w);
  }
  return totals;
}

// One function for each loss and layout: the compiler makes two of each.
MUSTER_VECTORIZE_CLONES PassTotals DenseHingePass(const FeatureRows& rows,
                                                  double c,
                                                  double leave_out_above,
                                                  std::span<int32_t> order,
                                                  RowState* states, double* w) {
  return HingePass<true>(rows, c, leave_out_above, order, states, w);
}
MUSTER_VECTORIZE_CLONES PassTotals
SparseHingePass(const FeatureRows& rows, double c, double leave_out_above,
                std::span<int32_t> order, RowState* states, double* w) {
  return HingePass<false>(rows, c, leave_out_above, order, states, w);
}
MUSTER_VECTORIZE_CLONES PassTotals
DenseLogisticPass(const FeatureRows& rows, double c,
                  std::span<const int32_t> order, RowState* states, double* w) {
  return LogisticPass<true>(rows, c, order, states, w);
}
MUSTER_VECTORIZE_CLONES PassTotals SparseLogisticPass(
    const FeatureRows& rows, double c, std::span<const int32_t> order,
    RowState* states, double* w) {
  return LogisticPass<false>(rows, c, order, states, w);
}

class Descent {
 public:
  Descent(const LinearProblem& problem, const LinearSolution* start)
      : problem_(problem),
        hinge_(problem.loss == LinearLoss::kSquaredHinge),
        started_(start != nullptr),
        states_(problem.rows.num_rows) {
    const FeatureRows& rows = problem_.rows;
    MUSTER_CHECK_LT(rows.num_rows, std::numeric_limits<int32_t>::max());
    MUSTER_CHECK_EQ(static_cast<int64_t>(problem_.signs.size()), rows.num_rows);
    solution_.weights.assign(rows.dimension(), 0.0);
    for (int64_t row = 0; row < rows.num_rows; ++row) {
      const double norm2 = rows.SquaredNorm(row);
      states_[row].sign = problem_.signs[row];
      states_[row].norm2 = norm2;
      if (hinge_) states_[row].own = 1 / (norm2 + 0.5 / problem_.c);
    }
    if (started_) StartFrom(start->dual);
    AllRows();
  }

  LinearSolution Run(const LinearStop& stop, runtime::Rng rng,
                     const runtime::Runtime& runtime) && {
    double previous = kInfinity;
    double norm2 = SquaredNorm(solution_.weights);
    if (started_) {
      Measure(stop);
      if (solution_.converged) return std::move(solution_);
    }
    while (solution_.iterations < stop.max_iterations &&
           !runtime::ShouldStop(runtime)) {
      ShuffleRows(rng.Fork("pass", solution_.iterations), order_);
      const auto visited = static_cast<double>(order_.size());
      const PassTotals totals = Pass();
      ++solution_.iterations;
      // A product for each row visited, an update for each row moved.
      solution_.multiply_adds +=
          (visited + static_cast<double>(totals.moved)) * MeanEntries();
      const bool all =
          static_cast<int64_t>(order_.size()) == problem_.rows.num_rows;
      order_.resize(totals.kept);
      leave_out_above_ = totals.largest > 0 ? totals.largest : kInfinity;
      norm2 += totals.norm2_change;
      const double objective = 0.5 * norm2 + problem_.c * totals.loss;
      const double decrease =
          previous < kInfinity && totals.gap < previous && previous > 0
              ? totals.gap / previous
              : 1.0;
      previous = totals.gap;
      if (totals.gap * decrease > stop.tolerance * objective) continue;
      Measure(stop);
      if (solution_.converged) return std::move(solution_);
      if (!all || order_.size() < states_.size()) {
        AllRows();
        previous = kInfinity;
      }
    }
    Measure(stop);
    return std::move(solution_);
  }

 private:
  void StartFrom(std::span<const double> alpha) {
    MUSTER_CHECK_EQ(alpha.size(), states_.size());
    const double c = problem_.c;
    for (size_t row = 0; row < alpha.size(); ++row) {
      RowState& state = states_[row];
      state.alpha = alpha[row];
      if (!hinge_) {
        state.alpha = std::clamp(alpha[row], 1e-12 * c, (1 - 1e-12) * c);
        state.own = runtime::Log(state.alpha / (c - state.alpha));
      }
      if (state.alpha == 0) continue;
      problem_.rows.AddScaled(static_cast<int64_t>(row),
                              state.alpha * state.sign,
                              solution_.weights.data());
    }
  }

  double MeanEntries() const {
    return static_cast<double>(problem_.rows.num_entries()) /
           static_cast<double>(problem_.rows.num_rows);
  }

  void AllRows() {
    order_.resize(states_.size());
    std::iota(order_.begin(), order_.end(), 0);
    leave_out_above_ = kInfinity;
  }

  PassTotals Pass() {
    const FeatureRows& rows = problem_.rows;
    double* w = solution_.weights.data();
    if (hinge_) {
      return (rows.dense() ? DenseHingePass : SparseHingePass)(
          rows, problem_.c, leave_out_above_, order_, states_.data(), w);
    }
    return (rows.dense() ? DenseLogisticPass : SparseLogisticPass)(
        rows, problem_.c, order_, states_.data(), w);
  }

  // The exact gap, into the solution.
  void Measure(const LinearStop& stop) {
    const LinearObjective objective(problem_);
    solution_.multiply_adds +=
        2 * static_cast<double>(problem_.rows.num_entries());
    solution_.dual.resize(states_.size());
    for (size_t row = 0; row < states_.size(); ++row) {
      solution_.dual[row] = states_[row].alpha;
    }
    solution_.objective =
        objective.Objective(solution_.weights, {.threads = 1});
    solution_.gap = std::max(
        0.0, solution_.objective -
                 objective.DualObjective(solution_.weights, solution_.dual));
    solution_.converged = solution_.gap <= stop.tolerance * solution_.objective;
  }

  LinearProblem problem_;
  bool hinge_;
  bool started_;
  std::vector<RowState> states_;
  std::vector<int32_t> order_;  // the rows that are not left out
  double leave_out_above_ = kInfinity;
  LinearSolution solution_;
};

}  // namespace

LinearSolution SolveDual(const LinearProblem& problem, const LinearStop& stop,
                         runtime::Rng rng, const LinearSolution* start,
                         const runtime::Runtime& runtime) {
  return Descent(problem, start).Run(stop, rng, runtime);
}

}  // namespace muster::models
