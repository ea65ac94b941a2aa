#ifndef MUSTER_RUNTIME_STEP_PROGRESS_H_
#define MUSTER_RUNTIME_STEP_PROGRESS_H_

// Progress of a run that is made of steps, each with a progress of its own:
//
//   StepProgress steps(runtime);
//   steps.Begin(.2);
//   MUSTER_ASSIGN_OR_RETURN(auto fit, Fit(points, steps.runtime()));
//   steps.Begin(.8);
//   MUSTER_RETURN_IF_ERROR(Train(fit, steps.runtime()));
//
// Fit's progress is shown as 0 to 20 %, Train's as 20 to 100 %. The shares are
// a guess at the time that each step takes; nothing but the display depends on
// them. Steps follow each other: one at a time.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "muster/runtime/observer.h"
#include "muster/runtime/runtime.h"

namespace muster::runtime {

class StepProgress final : public Observer {
 public:
  // The whole is shown to runtime.observer (which must outlive this object).
  explicit StepProgress(const Runtime& runtime) : whole_(runtime) {}

  StepProgress(const StepProgress&) = delete;
  StepProgress& operator=(const StepProgress&) = delete;

  // Ends the step before and begins one that is `share` (0 to 1) of the whole.
  void Begin(double share) {
    begin_ += share_;
    share_ = share;
  }

  // For the steps, valid as long as this object. The same for all: whoever
  // keeps it reports as the step that is current.
  Runtime runtime() {
    Runtime runtime = whole_;
    if (whole_.observer != nullptr) runtime.observer = this;
    return runtime;
  }

  // Units of the whole, as shown.
  static constexpr int64_t kTotal = 10'000;

  bool OnProgress(const Progress& step) override {
    const double fraction = step.total > 0 ? static_cast<double>(step.done) /
                                                 static_cast<double>(step.total)
                                           : 0;
    Progress whole = step;
    whole.done = std::llround(
        static_cast<double>(kTotal) *
        std::min(1.0, begin_ + share_ * std::clamp(fraction, 0.0, 1.0)));
    whole.total = kTotal;
    return whole_.observer->OnProgress(whole);
  }

 private:
  const Runtime whole_;
  double begin_ = 0;
  double share_ = 0;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_STEP_PROGRESS_H_
