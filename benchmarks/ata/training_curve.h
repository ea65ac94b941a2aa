#ifndef MUSTER_BENCHMARKS_ATA_TRAINING_CURVE_H_
#define MUSTER_BENCHMARKS_ATA_TRAINING_CURVE_H_

// A real training run, to be laid over the clocks of the policies: softmax
// regression on MNIST by SGD with mini-batches of B images. As in the paper the
// run is made once: every policy's round gives B gradients at the current
// point, so the loss after k rounds is the same for all and only the times
// differ.

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/models/softmax.h"

namespace muster::benchmarks {

struct Digits {
  std::shared_ptr<const models::SoftmaxRegression> train;
  std::shared_ptr<const models::SoftmaxRegression> test;
};

// MNIST from --data_dir. NotFound says how to get it.
absl::StatusOr<Digits> LoadDigits(Experiment& experiment);

struct TrainingCurve {
  std::vector<int64_t> round;  // ascending
  std::vector<double> loss;    // mean mini-batch loss of the rounds since the
                               // point before (nats)
  std::vector<double> test_error;  // share of the test images

  static void Fields(auto& self, auto&& visit) {
    visit(self.round, self.loss, self.test_error);
  }
};

struct TrainingOptions {
  int64_t rounds = 0;
  int64_t batch = 23;
  // Constant step. Arbitrary: converges without visible oscillation.
  double step = 0.02;
  uint64_t seed = 1;
  int64_t points = 200;  // evenly spaced rounds at which the curve is kept
};

// Saves itself through `context`. About 60 microseconds a round.
absl::StatusOr<TrainingCurve> Train(const Digits& digits,
                                    const TrainingOptions& options,
                                    TaskContext& context);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_TRAINING_CURVE_H_
