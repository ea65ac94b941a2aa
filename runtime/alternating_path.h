#ifndef MUSTER_RUNTIME_ALTERNATING_PATH_H_
#define MUSTER_RUNTIME_ALTERNATING_PATH_H_

// A path that alternates between on (first, from time 0) and off, with
// independent exponential times in each: an alternating renewal process, and
// with exponential times a two-state Markov chain. Interval k = 0, 1, ... is on
// for even k and lasts
//
//   mean(on or off) * Exponential(stream.At(k)),
//
// and switch times are the sums of these in order. So the path is a pure
// function of the stream and the means; it can be asked for in any order. Only
// every 32nd switch time is kept (8 bytes); those between are summed again when
// a query leaves the current 32.
//
// After max_intervals intervals it stays on for good. That bounds the work and
// the memory of any query, also of one so late that the steps between switches
// are lost in the rounding of the time.

#include <array>
#include <cstdint>
#include <vector>

#include "muster/runtime/rng.h"

namespace muster::runtime {

class AlternatingPath {
 public:
  struct Span {
    double begin;  // the interval is [begin, end)
    double end;
    bool on;
  };

  // The longest path: a walk of some seconds, and 64 MiB.
  static constexpr int64_t kMaxIntervals = int64_t{1} << 28;

  // Means in seconds, positive and finite; max_intervals a positive multiple of
  // 32 (CHECKed).
  AlternatingPath(const Rng& stream, double mean_on_seconds,
                  double mean_off_seconds,
                  int64_t max_intervals = kMaxIntervals);

  // The interval that contains t, 0 <= t < infinity (CHECKed). O(1) for queries
  // that move on little by little; the first query beyond all others walks
  // there (O(number of switches)), any other costs O(log(number of switches)).
  // Changes caches only: thread-compatible.
  Span At(double t) {
    if (!(t >= current_.begin && t < current_.end)) MoveTo(t);
    return current_;
  }

 private:
  static constexpr int kChunkIntervals = 32;

  // Makes current_ the interval that contains t.
  void MoveTo(double t);
  // Fills ends_ with chunk `chunk`, whose begin is known.
  void Load(int64_t chunk);

  Rng stream_;
  std::array<double, 2> mean_seconds_;  // on, off
  int64_t max_chunks_;
  // Begin of intervals 0, 32, 64, ...; ascending, at least one.
  std::vector<double> chunk_begins_;
  Span current_ = {};  // the interval of the last query
  int64_t chunk_ = 0;  // the chunk in ends_
  std::array<double, kChunkIntervals> ends_ = {};  // ascending
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_ALTERNATING_PATH_H_
