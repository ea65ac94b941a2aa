#include "muster/runtime/event_queue.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "muster/runtime/check.h"
#include "muster/runtime/event.h"
#include "muster/runtime/event_sort.h"

namespace muster::runtime {
namespace {

// All constants below were chosen by event_queue_benchmark.cc and are flat
// around their value.

// After so many pops in a row that needed the last push, so many pushes are
// placed at once.
constexpr int kMaxEarly = 4;
constexpr int kPlacedAtOnce = 64;
// An insertion into near_ moves at most this many events; one that would have
// to move more stages near_ as a rung.
constexpr size_t kMaxShift = 8;
// A queue of so few events, or a bucket of a deeper rung, is just sorted.
constexpr size_t kMaxSortedQueue = 12;
constexpr size_t kMaxSortedBucket = kMaxFewEvents;
// A bucket with fewer events is taken for evenly filled.
constexpr size_t kMinSampledEvents = 64;
// Events that a regular bucket should hold when it is reached.
constexpr double kBucketEvents = 12;
// Rung 0 spans the time of this many pops per pending event.
constexpr double kSpanPops = 4;
// Rungs that would need more buckets get coarse ones, each worth a rung of
// kCoarseBucketEvents: the tails of all buckets should stay in the L2 cache.
constexpr double kMaxFineEvents = 16384;
constexpr double kCoarseBucketEvents = 512;
constexpr int64_t kMinCoarseBuckets = 32;
constexpr int64_t kMaxCoarseBuckets = 2048;
// Only pushes into the past can stack so many rungs.
constexpr int kMaxDepth = 64;
// Where near_ starts after a refill: room to insert before the first event.
constexpr size_t kNearHead = 24;
constexpr size_t kMinNearSize = 256;
constexpr double kInf = std::numeric_limits<double>::infinity();
// Stretches shorter than that cannot be divided without overflow.
constexpr double kMinSpanSeconds = 1e-290;

struct Quantiles {
  double sixteenth;
  double median;
};

// Of up to 63 of the events' times, evenly spaced in the sequence.
Quantiles SampleQuantiles(std::span<const Event> events) {
  constexpr size_t kMaxSample = 63;
  double sample[kMaxSample];
  size_t size = 0;
  const size_t step = std::max<size_t>(1, events.size() / kMaxSample);
  for (size_t i = 0; i < events.size() && size < kMaxSample; i += step) {
    sample[size++] = events[i].seconds;
  }
  std::nth_element(sample, sample + size / 2, sample + size);
  std::nth_element(sample, sample + size / 16, sample + size / 2);
  return {sample[size / 16], sample[size / 2]};
}

int64_t NumBuckets(double expected_events) {
  if (expected_events <= kMaxFineEvents) {
    return static_cast<int64_t>(expected_events / kBucketEvents) + 1;
  }
  return std::clamp(static_cast<int64_t>(expected_events / kCoarseBucketEvents),
                    kMinCoarseBuckets, kMaxCoarseBuckets);
}

}  // namespace

double EventQueue::CheckedSeconds(double seconds) {
  MUSTER_CHECK(std::isfinite(seconds) && seconds >= 0)
      << "an event's time must be finite and not negative; it is " << seconds;
  return 0.0;  // it was -0.0
}

void EventQueue::Clear() {
  size_ = 0;
  num_pushed_ = 0;
  first_pushed_bits_ = kInfinityBits;
  num_placed_at_once_ = 1;
  head_ = tail_ = 0;
  depth_ = 0;
  num_gathered_ = 0;
  num_drained_ = 0;
  FreeAll();
}

int64_t EventQueue::MemoryBytes() const {
  size_t bytes = near_.capacity() * sizeof(Event) +
                 gathered_.capacity() * sizeof(Event) +
                 units_.capacity() * sizeof(Unit) +
                 next_unit_.capacity() * sizeof(uint32_t) +
                 rungs_.capacity() * sizeof(Rung);
  for (const Rung& rung : rungs_) {
    bytes += rung.buckets.capacity() * sizeof(Bucket);
  }
  return static_cast<int64_t>(bytes);
}

// ---------------------------------------------------------------------------
// Pushed events

// Brings the event to the bucket of the first rung that has not passed it, or
// to near_.
void EventQueue::Place(Event event) {
  for (int r = 0; r < depth_; ++r) {
    Rung& rung = rungs_[r];
    double position = rung.PositionByTime(event);
    if (position >= rung.next ||
        (std::isnan(position) &&
         (position = rung.PositionById(event)) >= rung.next)) {
      Append(event, &rung.buckets[static_cast<int64_t>(position)]);
      return;
    }
  }
  InsertNear(event);
}

void EventQueue::PlaceAtOnce(Event event) {
  if (depth_ == 0) {
    InsertNear(event);
  } else {
    --num_placed_at_once_;
    Place(event);
  }
}

// Places pushed_. There is a rung, and most events go to the first.
void EventQueue::PlacePushed() {
  const int64_t count = num_pushed_;
  num_pushed_ = 0;
  first_pushed_bits_ = kInfinityBits;
  for (int64_t i = 0; i < count; ++i) {
    // In registers: appending does not change them.
    const double start_seconds = rungs_[0].start_seconds;
    const double buckets_per_second = rungs_[0].buckets_per_second;
    const double num_regular = rungs_[0].num_regular;
    const double next = rungs_[0].next;
    Bucket* const buckets = rungs_[0].buckets.data();
    for (; i < count; ++i) {
      double position =
          (pushed_[i].seconds - start_seconds) * buckets_per_second;
      position = num_regular < position ? num_regular : position;
      if (!(position >= next)) [[unlikely]]  // passed, or NaN
        break;
      Append(pushed_[i], &buckets[static_cast<int64_t>(position)]);
    }
    if (i < count) Place(pushed_[i]);
  }
}

// Makes near_[head_] the first event in order.
void EventQueue::Settle() {
  const bool is_single = num_pushed_ == 1;
  PlacePushed();
  if (is_single && head_ != tail_) {
    if (++num_early_ == kMaxEarly) {
      num_early_ = 0;
      num_placed_at_once_ = kPlacedAtOnce;
    }
  } else {
    num_early_ = 0;
  }
  if (head_ == tail_) Refill();
  if (depth_ == 0) num_placed_at_once_ = 1;
}

// ---------------------------------------------------------------------------
// Units and buckets

// The first of `count` adjacent units, 1 or kBlockUnits.
uint32_t EventQueue::NewUnits(uint32_t count) {
  uint32_t& free = count == 1 ? free_unit_ : free_block_;
  if (free != kNone) {
    const uint32_t unit = free;
    free = next_unit_[unit];
    return unit;
  }
  const uint32_t unit = num_used_units_;
  if (unit + count > units_.size()) {
    const size_t size = std::max<size_t>(2 * kBlockUnits, 2 * units_.size());
    MUSTER_CHECK_LT(size, size_t{kNone} / kUnitEvents)
        << "too many pending events";
    units_.resize(size);
    next_unit_.resize(size);
  }
  num_used_units_ += count;
  return unit;
}

void EventQueue::Free(uint32_t first_unit, uint32_t count) {
  uint32_t& free = count == 1 ? free_unit_ : free_block_;
  next_unit_[first_unit] = free;
  free = first_unit;
}

void EventQueue::FreeAll() {
  num_used_units_ = 0;
  free_unit_ = kNone;
  free_block_ = kNone;
}

// The present unit or block is full.
void EventQueue::Extend(Bucket* bucket) {
  const uint32_t full_unit =
      bucket->is_one_unit() ? bucket->first_unit
                            : bucket->limit_slot / kUnitEvents - kBlockUnits;
  const uint32_t unit = NewUnits(kBlockUnits);
  next_unit_[full_unit] = unit;
  bucket->end_slot = unit * kUnitEvents;
  bucket->limit_slot = bucket->end_slot + kBlockUnits * kUnitEvents;
}

// Appends the bucket's events to gathered() and frees its units.
void EventQueue::Gather(const Bucket& bucket) {
  uint32_t unit = bucket.first_unit;
  for (uint32_t num_units = 1;; num_units = kBlockUnits) {
    const uint32_t first = unit * kUnitEvents;
    const uint32_t limit = first + num_units * kUnitEvents;
    const bool is_last = limit == bucket.limit_slot;
    const size_t count = (is_last ? bucket.end_slot : limit) - first;
    const uint32_t next = next_unit_[unit];
    if (!is_last) __builtin_prefetch(At(next * kUnitEvents));
    if (gathered_.size() < num_gathered_ + count + kMaxFewEvents) {
      gathered_.resize(2 * num_gathered_ + kBlockUnits * kUnitEvents +
                       kMaxFewEvents);
    }
    std::copy_n(At(first), count, gathered_.begin() + num_gathered_);
    num_gathered_ += count;
    Free(unit, num_units);
    if (is_last) return;
    unit = next;
  }
}

void EventQueue::GatherNear() {
  const size_t count = tail_ - head_;
  if (gathered_.size() < num_gathered_ + count + kMaxFewEvents) {
    gathered_.resize(num_gathered_ + 2 * count + kMaxFewEvents);
  }
  std::copy_n(near_.begin() + head_, count, gathered_.begin() + num_gathered_);
  num_gathered_ += count;
  head_ = tail_ = std::min(kNearHead, near_.size());
}

// ---------------------------------------------------------------------------
// The sorted events

// Leaves room for `extra` events at the end of near_, and some at its start.
void EventQueue::CenterNear(size_t extra) {
  const size_t count = tail_ - head_;
  const size_t needed = 4 * (count + extra) + kNearHead;
  if (near_.size() < needed) near_.resize(std::max(kMinNearSize, 2 * needed));
  const size_t head = (near_.size() - count - extra) / 4;
  std::memmove(near_.data() + head, near_.data() + head_,
               count * sizeof(Event));
  head_ = head;
  tail_ = head + count;
}

void EventQueue::InsertNear(Event event) {
  if (head_ == 0 || tail_ == near_.size()) [[unlikely]]
    CenterNear(1);
  Event* first = near_.data() + head_;
  Event* last = near_.data() + tail_;
  const size_t count = tail_ - head_;
  if (count > 2 * kMaxShift && Before(first[kMaxShift], event) &&
      Before(event, *(last - kMaxShift))) [[unlikely]] {
    Stage(event);
    return;
  }
  num_drained_ = count == 0 && depth_ == 0 ? 0 : num_drained_ + 1;
  if (count > kMaxShift && Before(event, first[count / 2])) {
    for (; Before(*first, event); ++first) first[-1] = *first;
    first[-1] = event;
    --head_;
  } else {
    for (; last != first && Before(event, last[-1]); --last) *last = last[-1];
    *last = event;
    ++tail_;
  }
}

// Sorts a bucket of one unit into near_, which is empty.
void EventQueue::TakeUnit(const Bucket& bucket) {
  const Event* events = At(bucket.first_slot());
  const size_t count = bucket.end_slot - bucket.first_slot();
  head_ = kNearHead;
  tail_ = kNearHead + count;
  num_drained_ += static_cast<int64_t>(count);
  SortFewEvents(events, count, near_.data() + head_);
  Free(bucket.first_unit, 1);
}

// Sorts gathered() into near_, which is empty.
void EventQueue::TakeGathered() {
  head_ = tail_ = 0;
  CenterNear(num_gathered_ + kMaxFewEvents);
  tail_ = head_ + num_gathered_;
  Event* out = near_.data() + head_;
  if (num_gathered_ <= kMaxFewEvents) {
    SortFewEvents(gathered_.data(), num_gathered_, out);
  } else {
    Event* end = std::copy_n(gathered_.data(), num_gathered_, out);
    if (!std::is_sorted(out, end, Before)) std::sort(out, end, Before);
  }
  num_drained_ += static_cast<int64_t>(num_gathered_);
  num_gathered_ = 0;
}

// Fills near_, which is empty, with the next events in order.
void EventQueue::Refill() {
  MUSTER_CHECK_GT(size_, 0) << "the event queue is empty";
  if (near_.size() < kMinNearSize) near_.resize(kMinNearSize);
  while (head_ == tail_) {
    Rung& rung = rungs_[depth_ - 1];
    const int64_t last = static_cast<int64_t>(rung.buckets.size()) - 1;
    int64_t b = static_cast<int64_t>(rung.next);
    while (b < last && rung.buckets[b].empty()) ++b;
    const Bucket bucket = rung.buckets[b];
    rung.next = static_cast<double>(b + 1);
    __builtin_prefetch(At(rung.buckets[std::min(b + 1, last)].first_slot()));
    if (b == last) {
      Gather(bucket);
      --depth_;
      if (num_gathered_ > 0) Divide(depth_);
    } else if (bucket.is_one_unit()) {
      TakeUnit(bucket);
    } else {
      Gather(bucket);
      Divide(depth_);
    }
  }
}

// ---------------------------------------------------------------------------
// Rungs

double EventQueue::Rung::PositionById(const Event& event) const {
  const uint64_t id = EventId(event);
  if (id <= start_id) return 0;
  return std::min(static_cast<double>(id - start_id) * buckets_per_id,
                  num_regular);
}

// Adds the deepest rung, with num_regular empty buckets and one for the rest.
EventQueue::Rung& EventQueue::AddRung(int64_t num_regular) {
  if (static_cast<size_t>(depth_) == rungs_.size()) rungs_.emplace_back();
  if (depth_ == 0) num_placed_at_once_ = 0;
  Rung& rung = rungs_[depth_++];
  rung.num_regular = static_cast<double>(num_regular);
  rung.start_seconds = 0;
  rung.buckets_per_second = 0;
  rung.next = 0;
  rung.buckets.resize(num_regular + 1);
  for (Bucket& bucket : rung.buckets) {
    bucket.first_unit = NewUnits(1);
    bucket.end_slot = bucket.first_slot();
    bucket.limit_slot = bucket.end_slot + kUnitEvents;
  }
  return rung;
}

// Moves near_ and `event` to a new rung of a single bucket, which the next pop
// divides: a series of pushes is looked at once, when it is complete.
void EventQueue::Stage(const Event& event) {
  num_gathered_ = 0;
  GatherNear();
  if (depth_ == kMaxDepth) GatherAll();
  if (depth_ == 0) FreeAll();
  Bucket* bucket = &AddRung(0).buckets[0];
  for (const Event& other : gathered()) Append(other, bucket);
  Append(event, bucket);
  num_gathered_ = 0;
}

// Appends the events of all rungs to gathered(), leaving none.
void EventQueue::GatherAll() {
  for (int r = 0; r < depth_; ++r) {
    const std::vector<Bucket>& buckets = rungs_[r].buckets;
    for (auto b = static_cast<size_t>(rungs_[r].next); b < buckets.size(); ++b)
      Gather(buckets[b]);
  }
  depth_ = 0;
}

// The stretch of time that a new rung should divide regularly, given that of
// the events from `start` on; the rest is left to the last bucket. *expected,
// the number of events, becomes the number of pops within the stretch.
double EventQueue::Stretch(int depth, double start, double stretch,
                           double* expected) {
  if (depth > 0 && num_gathered_ < kMinSampledEvents) return stretch;
  const auto [sixteenth, median] = SampleQuantiles(gathered());
  if (8 * (median - start) < stretch) {  // skewed
    stretch = median > start ? 4 * (median - start) : stretch / 8;
  }
  if (depth > 0) return stretch;
  if (!IsFresh() && start > drained_from_seconds_) {
    // In a steady state the rate of pops stays, whatever is pending. If it
    // falls, at least a share of the events looked at is popped.
    const double pops_per_second =
        static_cast<double>(num_drained_) / (start - drained_from_seconds_);
    const double pops = kSpanPops * *expected;
    stretch = std::max(pops / pops_per_second, sixteenth - start);
    *expected =
        std::clamp(stretch * pops_per_second, 0.5 * *expected, 2 * pops);
  }
  num_drained_ = 0;
  drained_from_seconds_ = start;
  return stretch;
}

// Gives back memory of a queue that was much larger. No unit is in use.
void EventQueue::TrimMemory(int64_t num_buckets) {
  const size_t count = num_gathered_;
  const size_t needed = num_buckets + 2 * count / kUnitEvents + 64;
  if (units_.size() > 8 * needed) {
    units_ = std::vector<Unit>(2 * needed);
    next_unit_ = std::vector<uint32_t>(2 * needed);
  }
  if (near_.size() > 16 * count + 4 * kMinNearSize) {
    near_ = std::vector<Event>(kMinNearSize);
    head_ = tail_ = kNearHead;
  }
  if (gathered_.size() > 8 * count + 4 * kMinNearSize) {
    gathered_.resize(2 * count + kMaxFewEvents);
    gathered_.shrink_to_fit();
  }
}

// Brings gathered() to near_ if it is small, to a new rung at `depth` if not.
void EventQueue::Divide(int depth) {
  depth_ = depth;
  if (depth == 0) FreeAll();
  if (num_gathered_ <=
      (depth == 0 && !IsFresh() ? kMaxSortedQueue : kMaxSortedBucket)) {
    if (depth == 0) TrimMemory(0);
    TakeGathered();
    return;
  }
  const std::span<const Event> events = gathered();
  double start = events[0].seconds;
  double end = start;
  for (const Event& event : events) {
    start = std::min(start, event.seconds);
    end = std::max(end, event.seconds);
  }
  double span = end - start;
  double expected = static_cast<double>(events.size());
  uint64_t start_id = 0;
  const bool by_id = span == 0;
  if (by_id) {
    if (std::is_sorted(events.begin(), events.end(), Before)) {
      TakeGathered();
      return;
    }
    const auto [first, last] =
        std::minmax_element(events.begin(), events.end(), Before);
    start_id = EventId(*first);
    span = static_cast<double>(EventId(*last) - start_id);
  } else {
    span = Stretch(depth, start, span, &expected);
    if (span < kMinSpanSeconds) {
      TakeGathered();
      return;
    }
  }
  const int64_t num_regular = NumBuckets(expected);
  if (depth == 0) TrimMemory(num_regular);
  Rung& rung = AddRung(num_regular);
  rung.start_seconds = start;
  rung.buckets_per_second = by_id ? kInf : rung.num_regular / span;
  rung.start_id = start_id;
  rung.buckets_per_id = rung.num_regular / span;
  for (const Event& event : gathered()) {
    Append(event, &rung.buckets[rung.Find(event)]);
  }
  num_gathered_ = 0;
}

}  // namespace muster::runtime
