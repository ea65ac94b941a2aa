#ifndef MUSTER_BENCHMARKS_DISPATCH_DATASETS_H_
#define MUSTER_BENCHMARKS_DISPATCH_DATASETS_H_

// The data sets of the dispatching experiments, as pairs of a training stream
// and a test set. Generated ones are functions of the seed alone: a row does
// not depend on how many others are drawn.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/runtime.h"

namespace muster::benchmarks {

struct DatasetPair {
  std::string name = {};
  LabeledData train = {};
  LabeledData test = {};
  // All labels of both, ascending.
  std::vector<double> classes = {};
};
using SharedDataset = std::shared_ptr<const DatasetPair>;

// Puts the classes in.
SharedDataset MakePair(std::string name, LabeledData train, LabeledData test);

struct DatasetSize {
  int64_t train_rows = 0;
  int64_t test_rows = 0;
};

// The paper's synthetic data: 200 Gaussians in 20 dimensions, 30 classes.
absl::StatusOr<SharedDataset> SyntheticData(const DatasetSize& size,
                                            uint64_t seed,
                                            const runtime::Runtime& runtime);

// The same with component weights i^-exponent (i = 1 … 200): a few regions hold
// most of the points.
absl::StatusOr<SharedDataset> SkewedData(const DatasetSize& size,
                                         double exponent, uint64_t seed,
                                         const runtime::Runtime& runtime);

// Trained as SkewedData of `exponent`, tested on the same components with the
// weights turned round (the rarest first), mixed with the old ones: weight
// (1 - drift) w_i + drift w_{201 - i}. drift = 0: no drift, 1: all of it.
absl::StatusOr<SharedDataset> DriftedData(const DatasetSize& size,
                                          double exponent, double drift,
                                          uint64_t seed,
                                          const runtime::Runtime& runtime);

// The grid distribution: 16 classes by two of 100 coordinates.
absl::StatusOr<SharedDataset> GridData(const DatasetSize& size, uint64_t seed,
                                       const runtime::Runtime& runtime);

// The two Gaussians of section 14.
absl::StatusOr<SharedDataset> TwoGaussiansData(const DatasetSize& size,
                                               uint64_t seed,
                                               const runtime::Runtime& runtime);

// MNIST, pixels / 255, its own test images. At most the first `size` rows of
// each part; more than 60,000 training rows are made by shifts of up to two
// pixels (models/data/shifted_images.h). NotFound (of Experiment::DataFile)
// says how to get the files.
absl::StatusOr<SharedDataset> MnistData(Experiment& experiment,
                                        const DatasetSize& size, uint64_t seed);

// `size` rows of each part, drawn without replacement by the seed (all where
// there are no more): what makes seeds differ on a data set of fixed size.
SharedDataset Subsample(const DatasetPair& data, const DatasetSize& size,
                        uint64_t seed);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_DATASETS_H_
