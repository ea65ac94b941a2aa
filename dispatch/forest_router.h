#ifndef MUSTER_DISPATCH_FOREST_ROUTER_H_
#define MUSTER_DISPATCH_FOREST_ROUTER_H_

// Routing by an approximate nearest neighbour in the clustered sample, found by
// a forest of random partition trees (random_partition_forest.h): the paper's
// dispatcher, for samples that are too large to scan.
//
// Files hold the sample and the options; the trees grow again when they are
// read, in O(T n d log(n / n0)).

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/random_partition_forest.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct ForestRouterState {
  ClusteredSample sample = {};
  ForestOptions forest = {};

  static void Fields(auto& self, auto&& visit) {
    visit(self.sample, self.forest);
  }
};

class ForestRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "forest";
  using State = ForestRouterState;

  // InvalidArgument as of Validate(ClusteredSample) and
  // Validate(ForestOptions).
  static absl::StatusOr<std::unique_ptr<Router>> Create(
      ForestRouterState state, const runtime::Runtime& runtime = {});

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return state_.sample.points.dimension; }
  int64_t num_groups() const override { return state_.sample.num_groups; }
  int64_t copies() const override { return state_.sample.copies; }
  std::string EncodeState() const override;

 private:
  ForestRouter(ForestRouterState state, const runtime::Runtime& runtime);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  ForestRouterState state_;
  RandomPartitionForest forest_;  // of state_.sample.points
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_FOREST_ROUTER_H_
