// Sorts a handful of events without branches, for EventQueue.

#ifndef MUSTER_RUNTIME_EVENT_SORT_H_
#define MUSTER_RUNTIME_EVENT_SORT_H_

#include <cstddef>

#include "muster/runtime/event.h"

namespace muster::runtime {

inline constexpr size_t kMaxFewEvents = 32;

// Writes events[0, count), count <= kMaxFewEvents, to out in order. The arrays
// do not overlap. `count` rounded up to 16, 24 or 32 events may be read and
// written; the surplus ones must have finite times and are left arbitrary.
//
// If all times differ, an event's place is the number of earlier times, counted
// with vector instructions: the cost does not depend on the order and no branch
// on it is mispredicted. If not, an insertion sort does it.
void SortFewEvents(const Event* events, size_t count, Event* out);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_EVENT_SORT_H_
