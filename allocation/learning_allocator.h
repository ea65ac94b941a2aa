// The common part of the policies that score workers by what they observed and
// split the budget by score_allocation.h. A member says how workers are scored,
// and more only if its statistics are not plain counts and totals.

#ifndef MUSTER_ALLOCATION_LEARNING_ALLOCATOR_H_
#define MUSTER_ALLOCATION_LEARNING_ALLOCATOR_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/score_allocation.h"

namespace muster::allocation {

// width_constant times alpha or eta, by the kind.
double ConfidenceWidth(WidthKind kind, const AllocatorOptions& options);

// The sample standard deviation of `count` >= 2 durations with the given sum
// and sum of squares; 0 where rounding makes the variance negative.
double SampleDeviation(double count, double total, double squares);

class LearningAllocator : public Allocator {
 public:
  // `options` are valid (Validate) and `name` outlives the object.
  LearningAllocator(absl::string_view name, const AllocatorOptions& options);

  void Allocate(const RoundRequest& request, Allocation* allocation) override;
  // Adds the finished tasks to the counts and totals of their workers.
  void Observe(const RoundFeedback& feedback) override;
  void Reset() override;
  std::string SaveState() const override;
  absl::Status RestoreState(absl::string_view bytes) override;
  absl::string_view name() const override { return name_; }

 protected:
  // Writes the raw score of every worker for this round (-infinity: never
  // tried) and, for members that use them, the key spreads.
  virtual void Score(const RoundRequest& request, std::span<double> scores) = 0;

  // State beyond counts, totals and the zero rule's cursor; none by default.
  // RestoreMore changes nothing unless it returns OK.
  virtual void ResetMore() {}
  virtual std::string SaveMore() const { return ""; }
  virtual absl::Status RestoreMore(absl::string_view bytes);

  const AllocatorOptions& options() const { return options_; }
  ArmStatistics& arms() { return arms_; }
  const ArmStatistics& arms() const { return arms_; }
  ScoreAllocation& split() { return split_; }
  std::span<double> scores() { return scores_; }

 private:
  const absl::string_view name_;
  const AllocatorOptions options_;
  ArmStatistics arms_;
  ScoreAllocation split_;
  std::vector<double> scores_;  // n entries, of the current round
};

// Of a saved state whose part `what` does not fit: DataLoss.
absl::Status DamagedState(absl::string_view policy, absl::string_view what);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_LEARNING_ALLOCATOR_H_
