#include "muster/benchmarks/ata/training_curve.h"

#include <algorithm>
#include <string>
#include <utility>

#include "muster/models/data/idx.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

// What a checkpoint holds.
struct TrainingState {
  int64_t round = 0;
  std::vector<double> x;
  double loss_sum = 0;  // since the last point
  int64_t loss_count = 0;
  TrainingCurve curve;

  static void Fields(auto& self, auto&& visit) {
    visit(self.round, self.x, self.loss_sum, self.loss_count, self.curve);
  }
};

absl::StatusOr<std::shared_ptr<const models::SoftmaxRegression>> LoadSplit(
    Experiment& experiment, absl::string_view images,
    absl::string_view labels) {
  MUSTER_ASSIGN_OR_RETURN(std::string images_path, experiment.DataFile(images));
  MUSTER_ASSIGN_OR_RETURN(std::string labels_path, experiment.DataFile(labels));
  MUSTER_ASSIGN_OR_RETURN(models::SparseDataset data,
                          models::ReadIdxDataset(images_path, labels_path));
  MUSTER_ASSIGN_OR_RETURN(
      models::SoftmaxRegression model,
      models::SoftmaxRegression::Create(
          std::make_shared<const models::SparseDataset>(std::move(data))));
  return std::make_shared<const models::SoftmaxRegression>(std::move(model));
}

absl::Status SaveState(const TrainingState& state, TaskContext& context) {
  std::string bytes;
  runtime::Encode(state, &bytes);
  return context.SaveState(bytes);
}

}  // namespace

absl::StatusOr<Digits> LoadDigits(Experiment& experiment) {
  Digits digits;
  MUSTER_ASSIGN_OR_RETURN(
      digits.train, LoadSplit(experiment, "mnist/train-images-idx3-ubyte.gz",
                              "mnist/train-labels-idx1-ubyte.gz"));
  MUSTER_ASSIGN_OR_RETURN(
      digits.test, LoadSplit(experiment, "mnist/t10k-images-idx3-ubyte.gz",
                             "mnist/t10k-labels-idx1-ubyte.gz"));
  return digits;
}

absl::StatusOr<TrainingCurve> Train(const Digits& digits,
                                    const TrainingOptions& options,
                                    TaskContext& context) {
  TrainingState state;
  state.x = digits.train->InitialPoint();
  const absl::StatusOr<std::string> saved = context.LoadState();
  if (saved.ok()) {
    MUSTER_ASSIGN_OR_RETURN(state, runtime::Decode<TrainingState>(*saved));
  } else if (saved.status().code() != absl::StatusCode::kNotFound) {
    return saved.status();
  }
  const int64_t every = std::max<int64_t>(1, options.rounds / options.points);
  const runtime::Rng rng = runtime::Rng(options.seed).Fork("softmax_training");
  std::vector<double> gradient(state.x.size());
  while (state.round < options.rounds) {
    state.loss_sum += digits.train->StochasticLossAndGradient(
        state.x, options.batch, rng.Fork("round", state.round), gradient);
    ++state.loss_count;
    ++state.round;
    for (size_t i = 0; i < gradient.size(); ++i) {
      state.x[i] -= options.step * gradient[i];
    }
    if (state.round % every == 0 || state.round == options.rounds) {
      state.curve.round.push_back(state.round);
      state.curve.loss.push_back(state.loss_sum /
                                 static_cast<double>(state.loss_count));
      state.curve.test_error.push_back(
          digits.test->ErrorRate(state.x, context.runtime()));
      state.loss_sum = 0;
      state.loss_count = 0;
    }
    if (state.round % 256 != 0) continue;
    const bool go_on = context.Report(state.round, options.rounds);
    if (!go_on || context.ShouldSave()) {
      MUSTER_RETURN_IF_ERROR(SaveState(state, context));
    }
    if (!go_on) return absl::CancelledError("stopped");
  }
  return std::move(state.curve);
}

}  // namespace muster::benchmarks
