// An event of a simulation and the order of events.

#ifndef MUSTER_RUNTIME_EVENT_H_
#define MUSTER_RUNTIME_EVENT_H_

#include <compare>
#include <cstdint>

namespace muster::runtime {

// What happens at `seconds`: 16 bytes of plain data. The meaning of `tag` is
// the user's, for instance a kind of event or a generation count.
struct Event {
  double seconds = 0;
  int32_t worker = 0;
  int32_t tag = 0;

  friend constexpr auto operator<=>(const Event&, const Event&) = default;
};

// (worker, tag) as one number of the same order.
inline uint64_t EventId(const Event& event) {
  const uint64_t bits = uint64_t{static_cast<uint32_t>(event.worker)} << 32 |
                        static_cast<uint32_t>(event.tag);
  return bits ^ 0x8000000080000000;
}

// The order of events. Times must not be NaN.
inline bool Before(const Event& a, const Event& b) {
  return a.seconds < b.seconds ||
         (a.seconds == b.seconds && EventId(a) < EventId(b));
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_EVENT_H_
