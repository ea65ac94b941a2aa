#include "muster/benchmarks/dispatch/datasets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "muster/models/data/generators.h"
#include "muster/models/data/idx.h"
#include "muster/models/data/shifted_images.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

using models::SparseDataset;
using runtime::Rng;
using runtime::Runtime;

constexpr int64_t kMnistTrainRows = 60'000;

template <typename Generator>
SharedDataset DrawPair(std::string name, const Generator& generator,
                       const DatasetSize& size, const Runtime& runtime) {
  return MakePair(std::move(name),
                  {.points = generator.Draw("train", size.train_rows, runtime)},
                  {.points = generator.Draw("test", size.test_rows, runtime)});
}

absl::StatusOr<models::GaussianMixtureDendrogram> Mixture(
    std::vector<double> weights, uint64_t seed) {
  models::GaussianMixtureOptions options;
  options.weights = std::move(weights);
  return models::GaussianMixtureDendrogram::Create(options, Rng(seed));
}

std::vector<double> SkewedWeights(double exponent) {
  const models::GaussianMixtureOptions defaults;
  return models::PowerLawWeights(defaults.num_components, exponent);
}

// One of MNIST's parts.
absl::StatusOr<SparseDataset> ReadMnist(Experiment& experiment,
                                        absl::string_view images,
                                        absl::string_view labels,
                                        int64_t max_rows) {
  MUSTER_ASSIGN_OR_RETURN(const std::string images_path,
                          experiment.DataFile(images));
  MUSTER_ASSIGN_OR_RETURN(const std::string labels_path,
                          experiment.DataFile(labels));
  return models::ReadIdxDataset(images_path, labels_path, max_rows);
}

// Dense points for the routers; four fifths of the pixels are zero, so the
// learner takes the sparse rows.
LabeledData BothForms(SparseDataset rows) {
  LabeledData data{.points = models::ToDense(rows)};
  data.features = std::move(rows);
  return data;
}

// The rows of `data` named by `rows`.
LabeledData SelectRows(const LabeledData& data,
                       const std::vector<int64_t>& rows) {
  LabeledData selected;
  const int64_t d = data.points.num_features;
  selected.points.num_features = d;
  for (const int64_t row : rows) {
    const auto values = data.points.Row(row);
    selected.points.values.insert(selected.points.values.end(), values.begin(),
                                  values.end());
    selected.points.labels.push_back(
        data.points.labels[static_cast<size_t>(row)]);
  }
  if (data.features.has_value()) {
    selected.features = models::SelectRows(*data.features, rows);
  }
  return selected;
}

}  // namespace

SharedDataset MakePair(std::string name, LabeledData train, LabeledData test) {
  auto pair = std::make_shared<DatasetPair>();
  pair->name = std::move(name);
  std::vector<double> labels(train.labels().begin(), train.labels().end());
  labels.insert(labels.end(), test.labels().begin(), test.labels().end());
  pair->classes = DistinctLabels(labels);
  pair->train = std::move(train);
  pair->test = std::move(test);
  return pair;
}

absl::StatusOr<SharedDataset> SyntheticData(const DatasetSize& size,
                                            uint64_t seed,
                                            const Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const auto mixture, Mixture({}, seed));
  return DrawPair("synthetic", mixture, size, runtime);
}

absl::StatusOr<SharedDataset> SkewedData(const DatasetSize& size,
                                         double exponent, uint64_t seed,
                                         const Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const auto mixture,
                          Mixture(SkewedWeights(exponent), seed));
  return DrawPair("skewed mixture", mixture, size, runtime);
}

absl::StatusOr<SharedDataset> DriftedData(const DatasetSize& size,
                                          double exponent, double drift,
                                          uint64_t seed,
                                          const Runtime& runtime) {
  const std::vector<double> weights = SkewedWeights(exponent);
  std::vector<double> drifted(weights.rbegin(), weights.rend());
  for (size_t i = 0; i < weights.size(); ++i) {
    drifted[i] = (1 - drift) * weights[i] + drift * drifted[i];
  }
  MUSTER_ASSIGN_OR_RETURN(const auto before, Mixture(weights, seed));
  MUSTER_ASSIGN_OR_RETURN(const auto after, Mixture(drifted, seed));
  return MakePair("drifted mixture",
                  {.points = before.Draw("train", size.train_rows, runtime)},
                  {.points = after.Draw("test", size.test_rows, runtime)});
}

absl::StatusOr<SharedDataset> GridData(const DatasetSize& size, uint64_t seed,
                                       const Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const auto grid,
                          models::GridCells::Create({}, Rng(seed)));
  return DrawPair("grid", grid, size, runtime);
}

absl::StatusOr<SharedDataset> TwoGaussiansData(const DatasetSize& size,
                                               uint64_t seed,
                                               const Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const auto gaussians,
                          models::TwoGaussians::Create({}, Rng(seed)));
  return DrawPair("two Gaussians", gaussians, size, runtime);
}

absl::StatusOr<SharedDataset> MnistData(Experiment& experiment,
                                        const DatasetSize& size,
                                        uint64_t seed) {
  MUSTER_ASSIGN_OR_RETURN(
      SparseDataset train,
      ReadMnist(experiment, "mnist/train-images-idx3-ubyte.gz",
                "mnist/train-labels-idx1-ubyte.gz",
                std::min(size.train_rows, kMnistTrainRows)));
  MUSTER_ASSIGN_OR_RETURN(
      SparseDataset test,
      ReadMnist(experiment, "mnist/t10k-images-idx3-ubyte.gz",
                "mnist/t10k-labels-idx1-ubyte.gz", size.test_rows));
  if (size.train_rows > train.num_rows()) {
    MUSTER_ASSIGN_OR_RETURN(
        train, models::ShiftedImages(train, size.train_rows, {},
                                     Rng(seed).Fork("shifted_images")));
  }
  return MakePair("MNIST", BothForms(std::move(train)),
                  BothForms(std::move(test)));
}

SharedDataset Subsample(const DatasetPair& data, const DatasetSize& size,
                        uint64_t seed) {
  const auto draw = [seed](const LabeledData& part, int64_t count,
                           absl::string_view stream) {
    Rng rng = Rng(seed).Fork(stream);
    std::vector<int64_t> rows;
    runtime::SampleWithoutReplacement(rng, part.num_rows(),
                                      std::min(count, part.num_rows()), &rows);
    return SelectRows(part, rows);
  };
  return MakePair(data.name, draw(data.train, size.train_rows, "train_rows"),
                  draw(data.test, size.test_rows, "test_rows"));
}

}  // namespace muster::benchmarks
