// Options of every allocation policy in one plain struct: each policy reads the
// fields named after it and ignores the others.

#ifndef MUSTER_ALLOCATION_ALLOCATOR_OPTIONS_H_
#define MUSTER_ALLOCATION_ALLOCATOR_OPTIONS_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/score_allocation.h"

namespace muster::allocation {

struct AllocatorOptions {
  // n, the number of workers: 1 .. 10^7. Required.
  int32_t num_workers = 0;
  // B, the tasks of a normal round: 1 .. 2^31 - 1, and n * B below 2^53 so that
  // counts stay exact. Required. A request may ask for another budget.
  int64_t budget = 0;
  // Names the random streams (zero-score remainders, probes, posterior
  // samples).
  uint64_t seed = 1;

  // Confidence widths (confidence.h). The presets kPaperText (default) and
  // kPaperFigures set width_constant and eta.
  // alpha: bound on the psi_1 norm of the centred durations, seconds, > 0; for
  // shifted exponentials beta + Exp(beta) the exact norm is 1.53135 beta.
  // Required by the absolute kind, whose cost in exploration grows with
  // (alpha / mean)^2. No default: it depends on the workers.
  double alpha = std::numeric_limits<double>::quiet_NaN();
  // eta >= 0: bound on norm / mean, used by the relative kind. Default: the
  // paper's text; valid for shifted exponentials (0.766), not for plain ones
  // (1.531).
  double eta = kPaperText.eta;
  // >= 0. Smaller explores less and may lock in; 0 is the greedy mean.
  double width_constant = kPaperText.width_constant;
  // Which width the members use that exist in both kinds (all learners but ata
  // and ata_empirical). Default: the one that needs no constant of the workers.
  WidthKind width_kind = WidthKind::kRelative;
  // Who gets the indivisible rest among workers of score zero. Default: the
  // paper's.
  ZeroRule zero_rule = ZeroRule::kRandomRemainder;
  // Seconds to reach worker i once per round, n entries >= 0; empty: none.
  // Added to the worker's expected finish.
  std::vector<double> communication_seconds = {};

  // Oracles. True mean seconds per task, n entries > 0: required by ofta; used
  // by variance_aware and top_m_greedy instead of estimates where given.
  std::vector<double> true_means = {};
  // True standard deviations, n entries >= 0, only together with true_means.
  std::vector<double> true_deviations = {};

  // sliding_window_ata: how many past rounds count, >= 1. Theory: about
  // sqrt(K ln K / number of changes); the default suits changes every 10^5
  // rounds or so (arbitrary).
  int64_t window = 1000;
  // discounted_ata: factor per round in (0, 1); 1 / (1 - discount) is the
  // memory in rounds. Default: the memory of `window`.
  double discount = 0.999;

  // change_detection_ata. A worker is forgotten when the log-likelihood ratio
  // of "its mean changed by the factor change_ratio (or its inverse)" exceeds
  // change_threshold (natural log; false alarms about e^-threshold per task on
  // exponential durations; heavier tails alarm more). Ratio > 1, threshold > 0;
  // both defaults arbitrary.
  double change_ratio = 2;
  double change_threshold = 20;
  // One task of every probe_period-th round goes to a random worker, >= 1, so
  // that an idle worker's change is noticed. Smaller notices sooner and wastes
  // more. Arbitrary.
  int64_t probe_period = 20;

  // variance_aware: keys a s_i + deviation_weight sd_i sqrt(a), >= 0. 0 is ATA;
  // more favours fewer and faster workers. Default: from the true moments of
  // the paper's two laws it is within 0.5 % of the least expected round time
  // (expected_round_time_test).
  double deviation_weight = 2;

  // top_m_greedy: the number of workers that race, 1 .. n; 0: learned by
  // minimising runtime_weight * runtime + (1 - runtime_weight) * worker time.
  int32_t top_m = 0;
  // In [0, 1]. Default: m = 7 to 9 on the paper's laws, which beats the fixed
  // optimal allocation in both measures.
  double runtime_weight = 0.9;

  // thompson: scale of the prior on a worker's mean, seconds, > 0. It weighs as
  // much as one task. Arbitrary.
  double prior_mean_seconds = 1;
};

// InvalidArgument naming the field, its value, its bound and the mend. What
// only one policy requires is checked by CreateAllocator.
absl::Status Validate(const AllocatorOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ALLOCATOR_OPTIONS_H_
