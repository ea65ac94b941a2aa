// Linear classifiers against liblinear, on one thread, at equal accuracy.
//
// Both train the same one-against-all problems. For each the loosest of a few
// tolerances is taken whose objective is within 1e-3 of the minimum (that of
// Newton's method at a gap of 1e-10), and the two run in turn in each
// iteration. `ratio` is their CPU time over ours, `our_error` and `their_error`
// are the relative distances to the minimum. Arguments: data (0: generated in
// the shape of a9a, 1: a9a, 2: MNIST, its first 20,000 images, 3: a shard of
// the dispatching paper's mixture, dense, 4: rcv1, text), loss (0: squared
// hinge, 1: logistic), our solver (LinearSolver), their solver (0: dual, 1:
// primal). 1, 2 and 4 need MUSTER_DATA. A second of each pair is liblinear's.

#include <linear.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "muster/models/cross_validation.h"
#include "muster/models/data/generators.h"
#include "muster/models/data/idx.h"
#include "muster/models/data/libsvm.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/linear_classifier.h"
#include "muster/models/linear_problem.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::models {
namespace {

constexpr double kEnough = 1e-3;

// Of this thread: both sides use one, and other programs do not count.
double CpuSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

// 14 attributes of 2 to 16 values as 123 indicators, 24% positive.
SparseDataset LikeAdult(int64_t num_rows) {
  const std::vector<int64_t> sizes = {5, 8, 5, 16, 5, 7, 14,
                                      6, 5, 2, 2,  2, 5, 41};
  runtime::Rng rng(7);
  std::vector<double> weights(123);
  for (double& weight : weights) weight = 0.8 * runtime::Normal(rng);
  SparseDataset data = {.num_features = 123};
  for (int64_t row = 0; row < num_rows; ++row) {
    double score = -1.6;
    int64_t begin = 0;
    for (int64_t size : sizes) {
      // Low values are the common ones.
      const double u = runtime::Uniform01(rng);
      const int64_t column =
          begin + static_cast<int64_t>(u * u * static_cast<double>(size));
      data.columns.push_back(static_cast<int32_t>(column));
      data.values.push_back(1);
      score += weights[column];
      begin += size;
    }
    data.row_begin.push_back(data.num_entries());
    const double odds = 1 / (1 + std::exp(-score));
    data.labels.push_back(runtime::Uniform01(rng) < odds ? 1 : -1);
  }
  return data;
}

// The data set of a number; empty when its file is not there.
struct Data {
  SparseDataset sparse = {};
  DenseDataset dense = {};  // used instead when it has rows
};

Data Load(int64_t number) {
  const char* folder = std::getenv("MUSTER_DATA");
  const auto path = [&](const char* name) {
    const std::string full =
        folder == nullptr ? "" : absl::StrCat(folder, "/", name);
    return std::filesystem::exists(full) ? full : "";
  };
  Data data;
  if (number == 0) data.sparse = LikeAdult(32561);
  if (number == 3) {
    data.dense = GaussianMixtureDendrogram::Create({}, runtime::Rng(1))
                     ->Draw("train", 1000);
    data.sparse = ToSparse(data.dense);
  }
  const char* libsvm =
      number == 1 ? "libsvm/a9a.gz" : "libsvm/rcv1_small.train.libsvm.gz";
  if ((number == 1 || number == 4) && !path(libsvm).empty()) {
    data.sparse = *ReadLibsvm(path(libsvm));
  }
  const std::string images = path("mnist/train-images-idx3-ubyte.gz");
  const std::string labels = path("mnist/train-labels-idx1-ubyte.gz");
  if (number == 2 && !images.empty() && !labels.empty()) {
    data.sparse = *ReadIdxDataset(images, labels, 20000);
  }
  return data;
}

const Data& Cached(int64_t number) {
  static std::vector<std::unique_ptr<Data>> cache(5);
  if (cache[number] == nullptr) {
    cache[number] = std::make_unique<Data>(Load(number));
  }
  return *cache[number];
}

// liblinear's view of a data set.
class Liblinear {
 public:
  explicit Liblinear(const SparseDataset& data)
      : num_features_(data.num_features), labels_(data.labels) {
    nodes_.reserve(data.num_entries() + data.num_rows());
    for (int64_t row = 0; row < data.num_rows(); ++row) {
      rows_.push_back(nodes_.data() + nodes_.size());
      const auto columns = data.RowColumns(row);
      for (size_t e = 0; e < columns.size(); ++e) {
        nodes_.push_back({columns[e] + 1, data.RowValues(row)[e]});
      }
      nodes_.push_back({-1, 0});
    }
    problem_ = {static_cast<int>(data.num_rows()),
                static_cast<int>(num_features_), labels_.data(), rows_.data(),
                -1};
    set_print_string_function([](const char*) {});
  }

  // Weights of each class, ascending, as our solutions have them.
  std::vector<std::vector<double>> Train(int solver, double epsilon, double c) {
    parameter options = {};
    options.solver_type = solver;
    options.eps = epsilon;
    options.C = c;
    model* trained = train(&problem_, &options);
    std::vector<std::vector<double>> weights;
    if (trained->nr_class == 2) {
      weights.emplace_back(trained->w, trained->w + num_features_);
      if (trained->label[0] < trained->label[1]) {
        for (double& weight : weights[0]) weight = -weight;
      }
    } else {
      std::vector<std::pair<int, int>> order;
      for (int k = 0; k < trained->nr_class; ++k) {
        order.emplace_back(trained->label[k], k);
      }
      std::sort(order.begin(), order.end());
      for (const auto& [label, k] : order) {
        std::vector<double>& of_class = weights.emplace_back(num_features_);
        for (int64_t j = 0; j < num_features_; ++j) {
          of_class[j] = trained->w[j * trained->nr_class + k];
        }
      }
    }
    free_and_destroy_model(&trained);
    return weights;
  }

 private:
  int64_t num_features_;
  std::vector<double> labels_;
  std::vector<feature_node> nodes_;
  std::vector<feature_node*> rows_;
  problem problem_;
};

LinearTraining TrainOurs(const Data& data,
                         const LinearClassifierOptions& options) {
  LinearTraining training;
  const runtime::Runtime one = {.threads = 1};
  const bool ok = data.dense.num_rows() > 0
                      ? TrainLinearClassifier(data.dense, options,
                                              runtime::Rng(1), one, &training)
                            .ok()
                      : TrainLinearClassifier(data.sparse, options,
                                              runtime::Rng(1), one, &training)
                            .ok();
  if (!ok) training.solutions.clear();
  return training;
}

double SumOfObjectives(const LinearTraining& training) {
  double sum = 0;
  for (const LinearSolution& solution : training.solutions) {
    sum += solution.objective;
  }
  return sum;
}

double SumOfObjectives(const SparseDataset& data, LinearLoss loss, double c,
                       const std::vector<std::vector<double>>& weights) {
  std::vector<double> classes = data.labels;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  double sum = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    const double positive = classes[weights.size() == 1 ? 1 : k];
    std::vector<int8_t> signs;
    for (double label : data.labels)
      signs.push_back(label == positive ? 1 : -1);
    sum += LinearObjective({.rows = FeatureRows::Of(data, 0),
                            .signs = signs,
                            .loss = loss,
                            .c = c})
               .Objective(weights[k]);
  }
  return sum;
}

void BM_LinearClassifier_AgainstLiblinear(benchmark::State& state) {
  const Data& data = Cached(state.range(0));
  if (data.sparse.num_rows() == 0) {
    state.SkipWithError("needs MUSTER_DATA");
    return;
  }
  LinearClassifierOptions options = {
      .loss = static_cast<LinearLoss>(state.range(1)),
      .solver = LinearSolver::kNewton,
      .tolerance = 1e-10,
      .max_iterations = 3000};
  const double minimum = SumOfObjectives(TrainOurs(data, options));
  options.solver = static_cast<LinearSolver>(state.range(2));
  double our_error = 1;
  for (double tolerance : {1e-1, 1e-2, 1e-3, 1e-4}) {
    options.tolerance = tolerance;
    our_error = SumOfObjectives(TrainOurs(data, options)) / minimum - 1;
    if (our_error <= kEnough) break;
  }
  Liblinear liblinear(data.sparse);
  const bool primal = state.range(3) == 1;
  int solver = primal ? L2R_L2LOSS_SVC : L2R_L2LOSS_SVC_DUAL;
  if (options.loss == LinearLoss::kLogistic) {
    solver = primal ? L2R_LR : L2R_LR_DUAL;
  }
  double their_error = 1;
  double epsilon = 1;
  for (double e : {1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001}) {
    epsilon = e;
    their_error = SumOfObjectives(data.sparse, options.loss, options.c,
                                  liblinear.Train(solver, e, options.c)) /
                      minimum -
                  1;
    if (their_error <= kEnough) break;
  }
  double ours = 0;
  double theirs = 0;
  for (auto _ : state) {
    const double start = CpuSeconds();
    benchmark::DoNotOptimize(TrainOurs(data, options));
    const double between = CpuSeconds();
    ours += between - start;
    state.SetIterationTime(between - start);
    benchmark::DoNotOptimize(liblinear.Train(solver, epsilon, options.c));
    theirs += CpuSeconds() - between;
  }
  if (!(our_error <= kEnough)) {
    state.SkipWithError("our objective is too far from the minimum");
  }
  state.counters["ratio"] = theirs / ours;
  state.counters["our_error"] = our_error;
  state.counters["their_error"] = their_error;
}
BENCHMARK(BM_LinearClassifier_AgainstLiblinear)
    ->ArgNames({"data", "loss", "solver", "theirs"})
    ->ArgsProduct({{0, 1, 2, 3, 4}, {0, 1}, {0, 1}, {0, 1}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// The shard of a worker: 1,000 rows of the mixture, five folds, five values of
// C. All classes and folds on one thread.
void BM_CrossValidateC_MixtureShard(benchmark::State& state) {
  const Data& data = Cached(3);
  CrossValidation result;
  for (auto _ : state) {
    result =
        *CrossValidateC(data.dense, {}, {}, runtime::Rng(1), {.threads = 1});
  }
  const double best =
      *std::max_element(result.accuracies.begin(), result.accuracies.end());
  if (!(best > 0.3)) state.SkipWithError("the classifier learned nothing");
  state.counters["accuracy"] = best;
  state.counters["best_c"] = result.best_c;
}
BENCHMARK(BM_CrossValidateC_MixtureShard)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::models
