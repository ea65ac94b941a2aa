// Lower confidence bounds of mean task durations: the scores of ATA, and the
// closed forms that follow from them.
//
// After K finished tasks of mean duration m, in round k, with
//
//   L = ln(2 k^2),   w = sqrt(L / K) + L / K,
//
//   absolute (ATA):            s = m - c w,        c = width_constant * alpha
//   relative (ATA-Empirical):  s = m (1 - c w),    c = width_constant * eta
//
// where alpha bounds the sub-exponential (Orlicz psi_1) norm of the centred
// durations and eta bounds the ratio of that norm to the mean. A worker never
// tried has s = -infinity. Scores are not clipped here: the paper's
// max(0, s) = 0 is s <= 0, and such workers are dealt with by
// score_allocation.h, not by the min-max rule.
//
// The published text has width_constant 2 and eta 1; the published figures were
// made with 4e and 2 (see ConfidencePreset).
//
// Every function here is monotone in L bit by bit: a score computed with a
// larger L is never larger. hot_set.h relies on that.
//
// Source: Maranjyan et al. (ICML 2025), equations (7) and (8); the closed forms
// are derived from them.

#ifndef MUSTER_ALLOCATION_CONFIDENCE_H_
#define MUSTER_ALLOCATION_CONFIDENCE_H_

#include <cstdint>
#include <span>
#include <vector>

namespace muster::allocation {

enum class WidthKind {
  kAbsolute,  // ATA: the same width for every mean
  kRelative,  // ATA-Empirical: a width proportional to the mean
};

// The constants of the paper's text and of its figures.
struct ConfidencePreset {
  double width_constant;
  double eta;
};
inline constexpr ConfidencePreset kPaperText = {2, 1};
inline constexpr ConfidencePreset kPaperFigures = {10.873127313836180941441,
                                                   2};  // 4e

// ln(2 k^2) for k >= 1.
double LogTerm(int64_t round);

// What is known of each of n workers, in the layout that scoring reads.
// Counts are integers below 2^53, kept as double (discounting makes them
// fractional).
class ArmStatistics {
 public:
  explicit ArmStatistics(int32_t num_workers);

  int32_t size() const { return static_cast<int32_t>(counts_.size()); }
  std::span<const double> counts() const { return counts_; }
  std::span<const double> totals() const { return totals_; }
  // -infinity where the count is 0.
  std::span<const double> means() const { return means_; }
  // 1 / sqrt(count), 0 where the count is 0.
  std::span<const double> inverse_roots() const { return inverse_roots_; }

  void Set(int32_t worker, double count, double total);
  void Add(int32_t worker, double seconds) {
    counts_[worker] += 1;
    totals_[worker] += seconds;
  }
  // Brings means() and inverse_roots() of `worker` up to date after Add.
  void Refresh(int32_t worker);
  // Multiplies all counts and totals by `factor` in (0, 1) and brings the rest
  // up to date. Counts below 1e-9 become 0: never tried.
  void Scale(double factor);
  void Clear();

 private:
  std::vector<double> counts_;
  std::vector<double> totals_;
  std::vector<double> means_;
  std::vector<double> inverse_roots_;
};

// Scores of all workers at L = `log_term`, c = `width`, into `scores` (n
// entries). A few operations per worker, vectorised.
void ComputeScores(WidthKind kind, const ArmStatistics& arms, double log_term,
                   double width, std::span<double> scores);

// The score of one worker; the same bits as ComputeScores.
double ComputeScore(WidthKind kind, double mean, double inverse_root,
                    double log_term, double width);

// The Kullback-Leibler lower bound for exponential durations: the smallest x <=
// m with K (m / x - 1 - ln(m / x)) <= L, m = total / K; total / L for K = 0
// (the limit, when `total` is the time spent on unfinished tasks) and -infinity
// for total = 0. The equation holds to 1e-6 of L. Source:
// A. Garivier, O. Cappe, "The KL-UCB algorithm for bounded stochastic bandits
// and beyond", COLT 2011, for the exponential family and minima.
double KlScore(double count, double total, double log_term);

// KlScore of all workers. A few Newton steps per worker, vectorised.
void ComputeKlScores(const ArmStatistics& arms, double log_term,
                     std::span<double> scores);

// The root y > 0 of y + y^2 = ratio. A worker's score is positive exactly when
// K > L / y^2 with ratio = m / c (absolute) or 1 / c (relative).
double ExitRoot(double ratio);

// How many rounds it takes until no score is zero: the fixed point of
//   k = (1/B) sum_i ln(2 k^2) / y_i^2
// at the true means, by iteration. Within about 1 % of simulation (6 % below 50
// rounds). `means` > 0, width > 0, budget >= 1.
double ExplorationRounds(WidthKind kind, std::span<const double> means,
                         double width, int64_t budget);

// The slope dR / d ln k which the proxy regret of the relative kind tends to:
// workers outside the optimal allocation are retried when their score falls to
// the optimal loss, sum over them of 2 (mu_i - loss) / y_i^2 with
// c mu_i (y + y^2) = mu_i - loss. `used[i]` tells the workers inside it.
double RelativeRegretSlope(std::span<const double> means,
                           std::span<const uint8_t> used, double optimal_loss,
                           double width);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_CONFIDENCE_H_
