#ifndef MUSTER_MODELS_DATA_GENERATORS_H_
#define MUSTER_MODELS_DATA_GENERATORS_H_

// The artificial classification problems of T. Dick, M. Li, V. K. Pillutla, C.
// White, M.-F. Balcan, A. Smola, "Data driven resource allocation for
// distributed learning", AISTATS 2017, with rows that can be drawn in any order
// and number.
//
// A generator is a fixed law (its options and seed); Draw gives rows of it.
// Rows are named by a stream ("train", "test") and a number: row r of a stream
// is a function of the seed, the stream and r, whatever else is drawn and on
// however many threads. Different streams are independent samples of one law,
// so train and test have no row in common but by chance. Values are computed in
// double and rounded to float; labels that follow from the row follow from the
// rounded one.
//
// All classes are immutable and thread-safe. Draw costs about 40 ns a value on
// a thread, in blocks of rows on `runtime`'s threads.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

// The paper's "synthetic" data (supplement, section 13): a mixture of Gaussians
// whose means are uniform in the unit cube; classes follow the complete-linkage
// dendrogram of the means (dendrogram.h), so that near components tend to share
// a class and the whole problem is far from linear.
struct GaussianMixtureOptions {
  int64_t num_components = 200;  // in [1, 4096]
  int64_t dimension = 20;        // in [1, 2^20]
  int64_t num_classes = 30;      // in [1, 2^20]
  // Of each coordinate about its mean; in [0, 1e30], so that the values are
  // finite floats. Default: covariance .09 I.
  double standard_deviation = 0.3;
  // Of the components: num_components weights >= 0 with a positive finite sum,
  // not necessarily 1. Empty: all equal, the paper's. Means and classes do not
  // depend on the weights: two generators of one seed and different weights are
  // a drift of the mixture.
  std::vector<double> weights = {};
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const GaussianMixtureOptions& options);

// (1, 2^-exponent, ..., count^-exponent) for a skewed mixture; count >= 0.
std::vector<double> PowerLawWeights(int64_t count, double exponent);

class GaussianMixtureDendrogram {
 public:
  // Errors of Validate. O(components^2 dimension) or a little more.
  static absl::StatusOr<GaussianMixtureDendrogram> Create(
      const GaussianMixtureOptions& options, runtime::Rng rng);

  // Rows first_row .. first_row + num_rows - 1 of `stream`; both >= 0
  // (CHECKed). Labels are whole numbers in [0, num_classes).
  DenseDataset Draw(absl::string_view stream, int64_t num_rows,
                    const runtime::Runtime& runtime = {},
                    int64_t first_row = 0) const;

  // The component that Draw takes the row from.
  int64_t Component(absl::string_view stream, int64_t row) const;

  // The component whose mean is nearest to the point of `dimension` numbers
  // (CHECKed); ties go to the lower one. With equal weights its class is the
  // best guess of the component, and right about 86 times in 100 at the
  // default options.
  int64_t NearestComponent(std::span<const float> point) const;

  // num_components x dimension, row-major.
  std::span<const double> means() const { return means_; }
  // The class of each component.
  std::span<const int64_t> component_labels() const { return labels_; }
  const GaussianMixtureOptions& options() const { return options_; }

 private:
  GaussianMixtureDendrogram(GaussianMixtureOptions options, runtime::Rng rng,
                            runtime::AliasTable table);

  // Draws the component of the row whose own generator this is.
  int64_t DrawComponent(runtime::Rng& rng) const;

  GaussianMixtureOptions options_;
  runtime::Rng rng_;
  runtime::AliasTable table_;
  std::vector<double> means_;
  std::vector<int64_t> labels_;
};

// The distribution on which random median trees fail (supplement, section 13,
// Fig. 11): the first two coordinates are uniform on [0, side]^2 and decide the
// class, the cell of a cells x cells grid; the others are uniform on [0, 1] and
// mean nothing, yet a tree that splits along random axes splits along them.
struct GridCellsOptions {
  int64_t cells = 4;             // classes: cells^2; in [1, 1024]
  double side = 10;              // in (0, 1e30]: finite floats
  int64_t noise_dimension = 98;  // in [0, 2^20]
};

absl::Status Validate(const GridCellsOptions& options);

class GridCells {
 public:
  static absl::StatusOr<GridCells> Create(const GridCellsOptions& options,
                                          runtime::Rng rng);

  // As above. The label is cells floor(x_1 cells / side) + floor(x_0 cells /
  // side); x = side counts to the last cell.
  DenseDataset Draw(absl::string_view stream, int64_t num_rows,
                    const runtime::Runtime& runtime = {},
                    int64_t first_row = 0) const;

 private:
  GridCells(const GridCellsOptions& options, runtime::Rng rng)
      : options_(options), rng_(rng) {}

  GridCellsOptions options_;
  runtime::Rng rng_;
};

// The distribution on which k-means++ with merging fails (supplement, section
// 14): N(0, I) in the plane with probability 1 - far_weight, else
// N((distance, 0), I). The label is -1 for x_0 <= 0, 1 for 0 < x_0 <= distance
// / 2, and 2 beyond: the small far group has a class of its own, and its lower
// bound of the cluster size forces a merge.
struct TwoGaussiansOptions {
  double far_weight = 0.08;  // in [0, 1]
  double distance = 10;      // in [0, 1e30]: finite floats
};

absl::Status Validate(const TwoGaussiansOptions& options);

class TwoGaussians {
 public:
  static absl::StatusOr<TwoGaussians> Create(const TwoGaussiansOptions& options,
                                             runtime::Rng rng);

  // As above, with labels -1, 1 and 2.
  DenseDataset Draw(absl::string_view stream, int64_t num_rows,
                    const runtime::Runtime& runtime = {},
                    int64_t first_row = 0) const;

 private:
  TwoGaussians(const TwoGaussiansOptions& options, runtime::Rng rng)
      : options_(options), rng_(rng) {}

  TwoGaussiansOptions options_;
  runtime::Rng rng_;
};

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_GENERATORS_H_
