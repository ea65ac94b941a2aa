// Greedy rounds among the m fastest workers only: GTA without its bill.
//
// The m workers of the lowest Kullback-Leibler bounds (KlScore) race to the
// B-th completion, the others rest. A worker's bound counts the time it spent
// on cancelled tasks too, so a slow worker that never finishes first is not
// tried for ever. m is given (options.top_m) or learned: it minimises
//
//   runtime_weight * T_m + (1 - runtime_weight) * m T_m
//
// with T_m estimated (race_time.h) from the means and deviations of the
// finished tasks of the workers that are up, anew in rounds 10, 11, 12, 13, 14,
// 16, ... (each a tenth later). With true_means (and true_deviations) given it
// is an oracle. communication_seconds count as time before a worker's first
// task, in the order of the workers and in T_m.
//
// On the paper's laws m = 7 beats the fixed min-max allocation of the true
// means in runtime and in bill, though it discards work and may start more than
// B tasks.
//
// Source: ours; learning the fastest workers with one task each: Egger et al.,
// Entropy 27(5), 2025.

#ifndef MUSTER_ALLOCATION_TOP_M_ALLOCATOR_H_
#define MUSTER_ALLOCATION_TOP_M_ALLOCATOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/expected_round_time.h"

namespace muster::allocation {

// O(n + m log m) per round; the rounds that learn m cost O(m n_tried B) more.
class TopMAllocator : public Allocator {
 public:
  TopMAllocator(absl::string_view name, const AllocatorOptions& options);

  void Allocate(const RoundRequest& request, Allocation* allocation) override;
  void Observe(const RoundFeedback& feedback) override;
  void Reset() override;
  std::string SaveState() const override;
  absl::Status RestoreState(absl::string_view bytes) override;
  absl::string_view name() const override { return name_; }

  // The number of workers that race at present.
  int32_t m() const { return state_.m; }

 private:
  // One entry per worker each.
  struct State {
    std::string policy;
    std::vector<double> counts;   // finished tasks
    std::vector<double> totals;   // their seconds
    std::vector<double> squares;  // their squared seconds
    std::vector<double> spent;    // seconds on finished and cancelled tasks
    int32_t m = 0;
    int64_t next_choice = 0;  // the round in which m is chosen anew
    static void Fields(auto& self, auto&& visit) {
      visit(self.policy, self.counts, self.totals, self.squares, self.spent,
            self.m, self.next_choice);
    }
  };

  // Sets m for the workers that are up.
  void ChooseM(const RoundRequest& request);
  double Communication(int32_t worker) const {
    return options_.communication_seconds.empty()
               ? 0
               : options_.communication_seconds[worker];
  }
  // What is known, or given, of worker i; false: too little.
  bool Moments(int32_t worker, TaskMoments* moments) const;

  const absl::string_view name_;
  const AllocatorOptions options_;
  State state_;
  std::vector<double> scores_;
  std::vector<int32_t> order_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_TOP_M_ALLOCATOR_H_
