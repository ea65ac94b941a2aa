// A priority queue of simulated events that pops in exact time order.
//
// Events leave in ascending (seconds, worker, tag): the order is total on
// distinct events and does not depend on the order of pushes, which is what
// makes a simulation on top of it reproducible.
//
// The queue is a ladder (after the ladder queue of Tang, Goh and Thng, ACM
// TOMACS 2005). `near_` holds the next few events sorted. Behind it stands a
// stack of *rungs*; a rung divides a stretch of time into equal buckets of
// unsorted events, and each deeper rung divides one bucket of the rung above.
// The last bucket of a rung takes everything beyond its stretch. A pop takes
// from near_; when that is empty, the next bucket is sorted into it if it is
// small and becomes a rung of its own if not. Bucket widths follow the rate at
// which events were popped, sampled quantiles, and the recursion, so that a
// bucket holds about twelve events whatever the distribution of the times; a
// bucket of simultaneous events is divided by (worker, tag) instead. A queue of
// a few events has no rung: near_ is then all of it.
//
// The latest pushes wait in `pushed_` until it is full or a pop may need one of
// them. A push follows on the draw of its time, and where the event goes on the
// push: placed one by one, each such chain would hold up the pops behind it;
// sixteen together overlap. When pops keep needing what was just pushed (a few
// workers busy while most are in long tasks), pushes are placed at once.
//
// Cost: O(1) per push and pop in amortised expectation for times drawn from any
// fixed law; O(log n) amortised when the times are chosen to defeat the
// sampling of medians. Memory is O(n) and falls with n. Once n is steady,
// pushes and pops do not allocate.
//
// The queue does not promise a bound for a single operation (one pop may
// reorganise all n events), nor an order among events that are equal in all
// three fields (they are indistinguishable).
//
// event_queue_benchmark.cc compares it with std::priority_queue.

#ifndef MUSTER_RUNTIME_EVENT_QUEUE_H_
#define MUSTER_RUNTIME_EVENT_QUEUE_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "muster/runtime/event.h"

namespace muster::runtime {

// Thread-compatible. A moved-from queue may only be cleared, assigned or
// destroyed.
class EventQueue {
 public:
  bool empty() const { return size_ == 0; }
  int64_t size() const { return size_; }

  // CHECKs that seconds is finite and not negative (-0.0 counts as 0.0). A time
  // before that of the last pop is allowed and leaves first; pushes of that
  // kind are exact but may be slower, as the widths assume that time goes on.
  void Push(Event event) {
    if (Bits(event.seconds) >= kInfinityBits) [[unlikely]] {
      event.seconds = CheckedSeconds(event.seconds);
    }
    ++size_;
    if (num_placed_at_once_ > 0) {
      PlaceAtOnce(event);
      return;
    }
    pushed_[num_pushed_] = event;
    first_pushed_bits_ = std::min(first_pushed_bits_, Bits(event.seconds));
    if (++num_pushed_ == kMaxPushed) PlacePushed();
  }

  // The first event in order. CHECKs that there is one. Not const: the first
  // look at a bucket sorts it.
  Event Top() {
    if (!IsSettled()) Settle();
    return near_[head_];
  }

  // Removes the first event in order and returns it. CHECKs that there is one.
  Event Pop() {
    if (!IsSettled()) Settle();
    --size_;
    return near_[head_++];
  }

  // Drops all events and keeps the memory. O(1).
  void Clear();

  // Bytes held, used or not. At rest O(n) for the present n.
  int64_t MemoryBytes() const;

 private:
  // A slot is a place for one event in units_: unit slot / kUnitEvents. A
  // bucket starts with one unit; when that is full, it goes on in blocks of
  // kBlockUnits adjacent units, linked in next_unit_ from first unit to first
  // unit. It always has a free slot.
  static constexpr uint32_t kUnitEvents = 24;
  static constexpr uint32_t kBlockUnits = 8;
  static constexpr uint32_t kNone = ~uint32_t{0};
  struct alignas(64) Unit {
    Event events[kUnitEvents];
  };

  struct Bucket {
    uint32_t first_unit;
    uint32_t end_slot;    // where the next event goes
    uint32_t limit_slot;  // where the present unit or block ends

    uint32_t first_slot() const { return first_unit * kUnitEvents; }
    bool empty() const { return end_slot == first_slot(); }
    bool is_one_unit() const {
      return limit_slot == first_slot() + kUnitEvents;
    }
  };

  struct Rung {
    double start_seconds;
    double buckets_per_second;
    double next;         // buckets below it went to near_ or to the next rung
    double num_regular;  // buckets.size() - 1; the last takes what is beyond
    // If buckets_per_second is infinite: all regular events are at
    // start_seconds and are divided by (worker, tag) as a number.
    uint64_t start_id;
    double buckets_per_id;
    std::vector<Bucket> buckets;

    // The event's place in units of buckets, at most num_regular. Weakly
    // monotone in the order of events, as rounding is monotone. NaN if it must
    // be told by (worker, tag). Capped before it is compared with `next`: that
    // compiles to a minimum and not to a branch, which would depend on the
    // latest draw and be mispredicted.
    double PositionByTime(const Event& event) const {
      const double position =
          (event.seconds - start_seconds) * buckets_per_second;
      return num_regular < position ? num_regular : position;
    }
    double PositionById(const Event& event) const;
    int64_t Find(const Event& event) const {
      const double position = PositionByTime(event);
      return static_cast<int64_t>(std::isnan(position) ? PositionById(event)
                                                       : position);
    }
  };

  static constexpr uint64_t kInfinityBits = 0x7ff0000000000000;

  static constexpr int kMaxPushed = 16;

  // Times that are not negative are in the order of their bits.
  static uint64_t Bits(double seconds) {
    return std::bit_cast<uint64_t>(seconds);
  }
  static double CheckedSeconds(double seconds);

  // Whether the first event in order is near_[head_].
  bool IsSettled() const {
    return head_ != tail_ && Bits(near_[head_].seconds) < first_pushed_bits_;
  }

  Event* At(uint32_t slot) {
    return reinterpret_cast<Event*>(units_.data()) + slot;
  }
  void Append(const Event& event, Bucket* bucket) {
    *At(bucket->end_slot) = event;
    if (++bucket->end_slot == bucket->limit_slot) [[unlikely]]
      Extend(bucket);
  }
  void Extend(Bucket* bucket);
  uint32_t NewUnits(uint32_t count);
  void Free(uint32_t first_unit, uint32_t count);
  void FreeAll();

  void Place(Event event);
  void PlaceAtOnce(Event event);
  void PlacePushed();
  void Settle();
  void InsertNear(Event event);
  void CenterNear(size_t extra);
  void Refill();
  void TakeUnit(const Bucket& bucket);
  void TakeGathered();
  void Gather(const Bucket& bucket);
  void GatherAll();
  void GatherNear();
  Rung& AddRung(int64_t num_regular);
  void Stage(const Event& event);
  void Divide(int depth);
  // Few pops since rung 0 was made or the queue was empty: their rate says
  // little, and the events may be a batch that is popped as it is.
  bool IsFresh() const {
    return num_drained_ < static_cast<int64_t>(num_gathered_);
  }
  double Stretch(int depth, double start, double stretch, double* expected);
  void TrimMemory(int64_t num_buckets);
  std::span<const Event> gathered() const {
    return {gathered_.data(), num_gathered_};
  }

  int64_t size_ = 0;
  // pushed_[0, num_pushed_) are not placed yet; the first bits among them.
  int64_t num_pushed_ = 0;
  uint64_t first_pushed_bits_ = kInfinityBits;
  Event pushed_[kMaxPushed];
  // So many pushes are placed at once. While there is no rung all are, and this
  // stays positive.
  int num_placed_at_once_ = 1;
  int num_early_ = 0;  // times in a row that a pop needed the last push
  // Sorted events: near_[head_, tail_), with room on both sides.
  std::vector<Event> near_;
  size_t head_ = 0;
  size_t tail_ = 0;
  // rungs_[0, depth_) are in use, coarsest first.
  std::vector<Rung> rungs_;
  int depth_ = 0;
  // Units [0, num_used_units_) are in a bucket or in a list of free ones: of
  // single units, and of blocks.
  std::vector<Unit> units_;
  std::vector<uint32_t> next_unit_;
  uint32_t num_used_units_ = 0;
  uint32_t free_unit_ = kNone;
  uint32_t free_block_ = kNone;
  // Events of a bucket on their way to near_ or to a new rung.
  std::vector<Event> gathered_;
  size_t num_gathered_ = 0;
  // The rate of pops since rung 0 was made or the queue was empty: about how
  // many, from when.
  int64_t num_drained_ = 0;
  double drained_from_seconds_ = 0;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_EVENT_QUEUE_H_
