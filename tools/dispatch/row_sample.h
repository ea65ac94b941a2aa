#ifndef MUSTER_TOOLS_DISPATCH_ROW_SAMPLE_H_
#define MUSTER_TOOLS_DISPATCH_ROW_SAMPLE_H_

// A uniform sample, without replacement, of a stream of unknown length, in
// memory of the sample (J. Vitter, "Random sampling with a reservoir", ACM TOMS
// 11, 1985, algorithm R): row i takes the place UniformInt(i + 1), if that is
// one of the places.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/runtime/rng.h"

namespace muster::tools::dispatch {

struct SampledRow {
  int64_t row = 0;  // of the stream, from 0
  std::vector<int32_t> columns = {};
  std::vector<float> values = {};
};

// Which rows are kept depends on the seed and the number of rows only.
class RowSample {
 public:
  // capacity >= 1 (CHECKed).
  RowSample(int64_t capacity, runtime::Rng rng);

  void Add(std::span<const int32_t> columns, std::span<const float> values);

  int64_t rows_seen() const { return rows_seen_; }
  // All sampled rows, every order equally likely: any split of them is itself a
  // pair of uniform samples. Empties the sample.
  std::vector<SampledRow> Take();

 private:
  const int64_t capacity_;
  runtime::Rng rng_;
  int64_t rows_seen_ = 0;
  std::vector<SampledRow> rows_;
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_ROW_SAMPLE_H_
