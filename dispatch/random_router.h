#ifndef MUSTER_DISPATCH_RANDOM_ROUTER_H_
#define MUSTER_DISPATCH_RANDOM_ROUTER_H_

// Routing to p distinct groups at random: the baseline that ignores the data
// (Dick et al., AISTATS 2017, section 5).
//
// The groups are a function of the seed and of the point's values: a hash of
// them names a random stream. So a point has the same groups whenever it comes,
// in any batch, and equal points share theirs. (-0 counts as 0.) Loads are
// balanced up to chance if the points are distinct. O(d + p) a point.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct RandomRouterState {
  int64_t dimension = 0;   // d >= 1
  int64_t num_groups = 0;  // k >= 1
  int64_t copies = 1;      // p in [1, k]
  uint64_t seed = 1;

  static void Fields(auto& self, auto&& visit) {
    visit(self.dimension, self.num_groups, self.copies, self.seed);
  }
};

// InvalidArgument naming the field that is outside its range.
absl::Status Validate(const RandomRouterState& state);

class RandomRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "random";
  using State = RandomRouterState;

  static absl::StatusOr<std::unique_ptr<Router>> Create(
      RandomRouterState state);

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return state_.dimension; }
  int64_t num_groups() const override { return state_.num_groups; }
  int64_t copies() const override { return state_.copies; }
  std::string EncodeState() const override;

 private:
  explicit RandomRouter(RandomRouterState state) : state_(state) {}
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  RandomRouterState state_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_RANDOM_ROUTER_H_
