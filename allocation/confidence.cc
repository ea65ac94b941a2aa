#include "muster/allocation/confidence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "muster/runtime/check.h"
#include "muster/runtime/math.h"
#include "muster/runtime/vectorize.h"

namespace muster::allocation {
namespace {

constexpr double kLn2 = 0.693147180559945309417;

MUSTER_ALWAYS_INLINE double AbsoluteScore(double mean, double inverse_root,
                                          double root_log, double log_term,
                                          double width) {
  const double w = inverse_root * (root_log + log_term * inverse_root);
  return mean - width * w;
}

MUSTER_ALWAYS_INLINE double RelativeScore(double mean, double inverse_root,
                                          double root_log, double log_term,
                                          double width) {
  const double w = inverse_root * (root_log + log_term * inverse_root);
  return mean * (1 - width * w);
}

// The root u >= 1 of u - 1 - ln u = v: four Newton steps from the upper bound
// 1 + sqrt(2 v) + v (I. Chatzigeorgiou, IEEE Comm. Letters 17, 2013). The
// function is convex, so they descend, and quadratically from a start whose
// error is at most v / 3.
MUSTER_ALWAYS_INLINE double KlRatio(double v) {
  const double bounded = v > 1e-14 ? v : 1e-14;
  double u = 1 + std::sqrt(2 * bounded) + bounded;
  for (int step = 0; step < 4; ++step) {
    u -= (u - 1 - runtime::LogOfNormal(u) - bounded) * u / (u - 1);
  }
  return u;
}

}  // namespace

namespace internal {

MUSTER_VECTORIZE_CLONES
void KlScores(const double* __restrict means,
              const double* __restrict inverse_roots, size_t n, double log_term,
              double* __restrict scores) {
  for (size_t i = 0; i < n; ++i) {
    scores[i] =
        means[i] / KlRatio(log_term * (inverse_roots[i] * inverse_roots[i]));
  }
}

MUSTER_VECTORIZE_CLONES
void RefreshAll(const double* __restrict counts,
                const double* __restrict totals, size_t n,
                double* __restrict means, double* __restrict inverse_roots) {
  for (size_t i = 0; i < n; ++i) {
    const bool tried = counts[i] > 0;
    const double count = tried ? counts[i] : 1;
    means[i] =
        tried ? totals[i] / count : -std::numeric_limits<double>::infinity();
    inverse_roots[i] = tried ? 1 / std::sqrt(count) : 0;
  }
}

MUSTER_VECTORIZE_CLONES
void AbsoluteScores(const double* __restrict means,
                    const double* __restrict inverse_roots, size_t n,
                    double root_log, double log_term, double width,
                    double* __restrict scores) {
  for (size_t i = 0; i < n; ++i) {
    scores[i] =
        AbsoluteScore(means[i], inverse_roots[i], root_log, log_term, width);
  }
}

MUSTER_VECTORIZE_CLONES
void RelativeScores(const double* __restrict means,
                    const double* __restrict inverse_roots, size_t n,
                    double root_log, double log_term, double width,
                    double* __restrict scores) {
  for (size_t i = 0; i < n; ++i) {
    scores[i] =
        RelativeScore(means[i], inverse_roots[i], root_log, log_term, width);
  }
}

}  // namespace internal

double LogTerm(int64_t round) {
  MUSTER_DCHECK_GE(round, 1);
  return kLn2 + 2 * runtime::Log(static_cast<double>(round));
}

ArmStatistics::ArmStatistics(int32_t num_workers)
    : counts_(num_workers),
      totals_(num_workers),
      means_(num_workers),
      inverse_roots_(num_workers) {
  Clear();
}

void ArmStatistics::Set(int32_t worker, double count, double total) {
  counts_[worker] = count;
  totals_[worker] = total;
  Refresh(worker);
}

void ArmStatistics::Refresh(int32_t worker) {
  const double count = counts_[worker];
  if (count > 0) {
    means_[worker] = totals_[worker] / count;
    inverse_roots_[worker] = 1 / std::sqrt(count);
  } else {
    means_[worker] = -std::numeric_limits<double>::infinity();
    inverse_roots_[worker] = 0;
  }
}

void ArmStatistics::Scale(double factor) {
  const size_t n = counts_.size();
  for (size_t i = 0; i < n; ++i) {
    counts_[i] *= factor;
    totals_[i] *= factor;
    if (counts_[i] < 1e-9) counts_[i] = totals_[i] = 0;
  }
  internal::RefreshAll(counts_.data(), totals_.data(), n, means_.data(),
                       inverse_roots_.data());
}

void ArmStatistics::Clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  std::fill(totals_.begin(), totals_.end(), 0);
  std::fill(means_.begin(), means_.end(),
            -std::numeric_limits<double>::infinity());
  std::fill(inverse_roots_.begin(), inverse_roots_.end(), 0);
}

void ComputeScores(WidthKind kind, const ArmStatistics& arms, double log_term,
                   double width, std::span<double> scores) {
  const double root_log = std::sqrt(log_term);
  const auto compute = kind == WidthKind::kAbsolute ? internal::AbsoluteScores
                                                    : internal::RelativeScores;
  compute(arms.means().data(), arms.inverse_roots().data(), arms.size(),
          root_log, log_term, width, scores.data());
}

double ComputeScore(WidthKind kind, double mean, double inverse_root,
                    double log_term, double width) {
  const double root_log = std::sqrt(log_term);
  return kind == WidthKind::kAbsolute
             ? AbsoluteScore(mean, inverse_root, root_log, log_term, width)
             : RelativeScore(mean, inverse_root, root_log, log_term, width);
}

double KlScore(double count, double total, double log_term) {
  if (count > 0) {
    const double inverse_root = 1 / std::sqrt(count);
    return total / count / KlRatio(log_term * (inverse_root * inverse_root));
  }
  return total > 0 ? total / log_term
                   : -std::numeric_limits<double>::infinity();
}

void ComputeKlScores(const ArmStatistics& arms, double log_term,
                     std::span<double> scores) {
  internal::KlScores(arms.means().data(), arms.inverse_roots().data(),
                     arms.size(), log_term, scores.data());
}

double ExitRoot(double ratio) { return (std::sqrt(1 + 4 * ratio) - 1) / 2; }

double ExplorationRounds(WidthKind kind, std::span<const double> means,
                         double width, int64_t budget) {
  MUSTER_CHECK_GT(width, 0);
  MUSTER_CHECK_GE(budget, 1);
  double tasks_per_log = 0;
  for (const double mean : means) {
    MUSTER_CHECK_GT(mean, 0);
    const double y =
        ExitRoot(kind == WidthKind::kAbsolute ? mean / width : 1 / width);
    tasks_per_log += 1 / (y * y);
  }
  // A contraction near its upper fixed point; starts above it.
  double rounds = std::max(2.0, 100 * tasks_per_log);
  for (int iteration = 0; iteration < 1000; ++iteration) {
    const double next = tasks_per_log / static_cast<double>(budget) *
                        (kLn2 + 2 * std::log(rounds));
    if (std::abs(next - rounds) <= 1e-12 * rounds) return next;
    rounds = std::max(next, 1.0);
  }
  return rounds;
}

double RelativeRegretSlope(std::span<const double> means,
                           std::span<const uint8_t> used, double optimal_loss,
                           double width) {
  MUSTER_CHECK_EQ(means.size(), used.size());
  double slope = 0;
  for (size_t i = 0; i < means.size(); ++i) {
    if (used[i]) continue;
    const double gap = means[i] - optimal_loss;
    const double y = ExitRoot(gap / (width * means[i]));
    slope += 2 * gap / (y * y);
  }
  return slope;
}

}  // namespace muster::allocation
