#include "muster/runtime/alternating_path.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::runtime {

AlternatingPath::AlternatingPath(const Rng& stream, double mean_on_seconds,
                                 double mean_off_seconds, int64_t max_intervals)
    : stream_(stream),
      mean_seconds_{mean_on_seconds, mean_off_seconds},
      max_chunks_(max_intervals / kChunkIntervals),
      chunk_begins_{0.0} {
  MUSTER_CHECK(mean_on_seconds > 0 && std::isfinite(mean_on_seconds));
  MUSTER_CHECK(mean_off_seconds > 0 && std::isfinite(mean_off_seconds));
  MUSTER_CHECK(max_intervals > 0 && max_intervals % kChunkIntervals == 0)
      << max_intervals;
  Load(0);
  MoveTo(0);
}

void AlternatingPath::Load(int64_t chunk) {
  chunk_ = chunk;
  if (chunk == max_chunks_) {  // its first interval, an on one, has no end
    ends_.fill(std::numeric_limits<double>::infinity());
    return;
  }
  double t = chunk_begins_[chunk];
  for (int k = 0; k < kChunkIntervals; ++k) {
    Rng block = stream_.At(static_cast<uint64_t>(chunk * kChunkIntervals + k));
    t += mean_seconds_[k % 2] * Exponential(block);
    ends_[k] = t;
  }
  if (chunk + 1 == static_cast<int64_t>(chunk_begins_.size())) {
    chunk_begins_.push_back(t);
  }
}

void AlternatingPath::MoveTo(double t) {
  MUSTER_CHECK(t >= 0 && std::isfinite(t)) << "t = " << t;
  if (t < chunk_begins_[chunk_] || t >= ends_.back()) {
    while (t >= chunk_begins_.back() &&
           static_cast<int64_t>(chunk_begins_.size()) <= max_chunks_) {
      Load(static_cast<int64_t>(chunk_begins_.size()) - 1);
    }
    const auto after =
        std::upper_bound(chunk_begins_.begin(), chunk_begins_.end(), t);
    const int64_t chunk = after - chunk_begins_.begin() - 1;
    if (chunk != chunk_) Load(chunk);
  }
  const auto end = std::upper_bound(ends_.begin(), ends_.end(), t);
  const int64_t k = end - ends_.begin();
  current_ = {.begin = k == 0 ? chunk_begins_[chunk_] : ends_[k - 1],
              .end = *end,
              .on = k % 2 == 0};
}

}  // namespace muster::runtime
