#include "muster/runtime/event_sort.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include "muster/runtime/check.h"
#include "muster/runtime/event.h"
#include "muster/runtime/vectorize.h"

namespace muster::runtime {
namespace {

void InsertionSort(std::span<Event> events) {
  for (size_t i = 1; i < events.size(); ++i) {
    const Event event = events[i];
    size_t j = i;
    for (; j > 0 && Before(event, events[j - 1]); --j)
      events[j] = events[j - 1];
    events[j] = event;
  }
}

constexpr double kInf = std::numeric_limits<double>::infinity();

// From kMaxFewEvents - count on: `count` zeros, then infinities.
constexpr std::array<double, 2 * kMaxFewEvents> kPadding = [] {
  std::array<double, 2 * kMaxFewEvents> padding{};
  for (size_t i = kMaxFewEvents; i < padding.size(); ++i) padding[i] = kInf;
  return padding;
}();

// Writes events[0, count), count <= 4 kQuads, sorted to out, which has
// room for 4 kQuads events and does not overlap; all of events[0, 4 kQuads) may
// be read and must be finite. False, with out undefined, if two times are
// equal. Without branches: an event's place is the number of earlier ones.
template <int kQuads>
MUSTER_ALWAYS_INLINE bool SortDistinctTimes(const Event* events, size_t count,
                                            Event* out) {
  using Doubles = double __attribute__((vector_size(32)));
  using Counts = int64_t __attribute__((vector_size(32)));
  Doubles times[kQuads];
  Counts places[kQuads] = {};
  const double* padding = kPadding.data() + kMaxFewEvents - count;
#pragma GCC unroll 4
  for (int j = 0; j < kQuads; ++j) {
    const Event* quad = events + 4 * j;
    Doubles pad;
    std::memcpy(&pad, padding + 4 * j, sizeof(pad));
    times[j] = Doubles{quad[0].seconds, quad[1].seconds, quad[2].seconds,
                       quad[3].seconds} +
               pad;
  }
#pragma GCC unroll 16
  for (int i = 0; i < 4 * kQuads; ++i) {
    const double t = times[i / 4][i % 4];
    const Doubles time = {t, t, t, t};
#pragma GCC unroll 4
    for (int j = 0; j < kQuads; ++j) places[j] -= time < times[j];
  }
  // Equal times share a place, which makes the sum smaller. The padding's
  // places are all `count`.
  Counts sums = {};
#pragma GCC unroll 4
  for (int j = 0; j < kQuads; ++j) sums += places[j];
  const int64_t n = static_cast<int64_t>(count);
  if (sums[0] + sums[1] + sums[2] + sums[3] !=
      n * (n - 1) / 2 + (4 * kQuads - n) * n) {
    return false;
  }
#pragma GCC unroll 16
  for (int i = 0; i < 4 * kQuads; ++i) out[places[i / 4][i % 4]] = events[i];
  return true;
}

// Sorts up to kMaxFewEvents events to out; reads and writes whole multiples
// of 8, from 16 on.
MUSTER_VECTORIZE_CLONES
bool SortByCounting(const Event* events, size_t count, Event* out) {
  if (count <= 16) return SortDistinctTimes<4>(events, count, out);
  if (count <= 24) return SortDistinctTimes<6>(events, count, out);
  return SortDistinctTimes<8>(events, count, out);
}

}  // namespace

void SortFewEvents(const Event* events, size_t count, Event* out) {
  MUSTER_DCHECK_LE(count, kMaxFewEvents);
  if (SortByCounting(events, count, out)) [[likely]]
    return;
  std::copy_n(events, count, out);
  InsertionSort({out, count});
}

}  // namespace muster::runtime
