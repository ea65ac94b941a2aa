#ifndef MUSTER_RUNTIME_IDS_H_
#define MUSTER_RUNTIME_IDS_H_

// Identifiers that are easily swapped with plain numbers, as distinct types.

#include <compare>
#include <cstdint>
#include <ostream>
#include <utility>

namespace muster::runtime {

// One worker of a cluster of n: index in [0, n). Not a task number and not a
// count. Ordered, hashable, encodable (runtime/fields.h); prints as "worker 3".
struct WorkerId {
  int32_t index = 0;

  friend auto operator<=>(WorkerId, WorkerId) = default;

  static void Fields(auto& self, auto&& visit) { visit(self.index); }

  template <typename H>
  friend H AbslHashValue(H state, WorkerId worker) {
    return H::combine(std::move(state), worker.index);
  }
};

inline std::ostream& operator<<(std::ostream& out, WorkerId worker) {
  return out << "worker " << worker.index;
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_IDS_H_
