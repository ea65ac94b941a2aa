#include "muster/dispatch/transposed_centers.h"

#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

// The sum runs over the coordinates in their order, the lanes over the centres.
MUSTER_VECTORIZE_CLONES void AddSquares(const float* x, const float* transposed,
                                        int64_t dimension, int64_t count,
                                        double* squares) {
  for (int64_t c = 0; c < count; ++c) squares[c] = 0;
  for (int64_t m = 0; m < dimension; ++m) {
    const double value = x[m];
    const float* row = transposed + m * count;
    for (int64_t c = 0; c < count; ++c) {
      const double difference = value - row[c];
      squares[c] += difference * difference;
    }
  }
}

}  // namespace

TransposedCenters::TransposedCenters(PointsView centers)
    : dimension_(centers.dimension),
      num_centers_(centers.size),
      values_(static_cast<size_t>(centers.size * centers.dimension)) {
  for (int64_t i = 0; i < num_centers_; ++i) {
    for (int64_t m = 0; m < dimension_; ++m) {
      values_[m * num_centers_ + i] = centers.values[i * dimension_ + m];
    }
  }
}

void TransposedCenters::SquaredDistances(std::span<const float> x,
                                         std::span<double> squares) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension_);
  MUSTER_CHECK_EQ(static_cast<int64_t>(squares.size()), num_centers_);
  AddSquares(x.data(), values_.data(), dimension_, num_centers_,
             squares.data());
}

}  // namespace muster::dispatch
