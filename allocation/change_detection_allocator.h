// ATA that forgets a worker when its durations have changed, and keeps looking
// at all of them.
//
// Per worker two cumulative sums watch the finished tasks x against the mean m
// so far (after 20 tasks), with the log-likelihood ratios of an exponential law
// whose mean changed by the factor q = change_ratio:
//
//   slower:  g+ <- max(0, g+ + (x / m)(1 - 1 / q) - ln q)
//   faster:  g- <- max(0, g- + ln q - (x / m)(q - 1))
//
// When one exceeds change_threshold the worker's counts, totals and sums start
// anew (it counts as never tried). One task of every probe_period-th round goes
// to a uniformly random worker that is up: ATA alone looks at an unused worker
// again only when ln(2 k^2) has grown enough, which is exponentially rare.
//
// Source: E. Page, "Continuous inspection schemes", Biometrika 41, 1954; with
// bandits and forced exploration: F. Liu, J. Lee, N. Shroff, AAAI 2018.

#ifndef MUSTER_ALLOCATION_CHANGE_DETECTION_ALLOCATOR_H_
#define MUSTER_ALLOCATION_CHANGE_DETECTION_ALLOCATOR_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/learning_allocator.h"

namespace muster::allocation {

class ChangeDetectionAllocator : public LearningAllocator {
 public:
  ChangeDetectionAllocator(absl::string_view name,
                           const AllocatorOptions& options);

  void Allocate(const RoundRequest& request, Allocation* allocation) override;
  void Observe(const RoundFeedback& feedback) override;

  // How often a worker was forgotten since Reset.
  int64_t num_changes() const { return num_changes_; }

 protected:
  void Score(const RoundRequest& request, std::span<double> scores) override;
  void ResetMore() override;
  std::string SaveMore() const override;
  absl::Status RestoreMore(absl::string_view bytes) override;

 private:
  struct Sums;

  // Feeds one task to the worker's sums; true: its mean has changed.
  bool Detect(int32_t worker, double seconds);

  const double width_;
  const double log_ratio_;
  std::vector<double> slower_;  // g+, per worker
  std::vector<double> faster_;  // g-, per worker
  int64_t num_changes_ = 0;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_CHANGE_DETECTION_ALLOCATOR_H_
