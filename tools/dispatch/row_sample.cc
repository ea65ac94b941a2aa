#include "muster/tools/dispatch/row_sample.h"

#include <algorithm>
#include <utility>

#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"

namespace muster::tools::dispatch {

RowSample::RowSample(int64_t capacity, runtime::Rng rng)
    : capacity_(capacity), rng_(rng) {
  MUSTER_CHECK_GE(capacity, 1);
}

void RowSample::Add(std::span<const int32_t> columns,
                    std::span<const float> values) {
  const int64_t row = rows_seen_++;
  int64_t place = row;
  if (row < capacity_) {
    rows_.emplace_back();
  } else {
    place = runtime::UniformInt(rng_, row + 1);
    if (place >= capacity_) return;
  }
  SampledRow& kept = rows_[place];
  kept.row = row;
  kept.columns.assign(columns.begin(), columns.end());
  kept.values.assign(values.begin(), values.end());
}

std::vector<SampledRow> RowSample::Take() {
  std::vector<SampledRow> rows = std::exchange(rows_, {});
  // By row first: the result does not depend on who took whose place.
  std::sort(
      rows.begin(), rows.end(),
      [](const SampledRow& a, const SampledRow& b) { return a.row < b.row; });
  runtime::Rng rng = rng_.Fork("order");
  runtime::Shuffle(rng, std::span<SampledRow>(rows));
  return rows;
}

}  // namespace muster::tools::dispatch
