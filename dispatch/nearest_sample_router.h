#ifndef MUSTER_DISPATCH_NEAREST_SAMPLE_ROUTER_H_
#define MUSTER_DISPATCH_NEAREST_SAMPLE_ROUTER_H_

// Routing by the nearest neighbour in the clustered sample, the rule of the
// paper (Dick et al., AISTATS 2017, section 4): x goes to the p groups of the
// sample point nearest to it.
//
// Exact: distances are compared in double, ties to the lower sample point.
// O(n d) a point at worst, n points in the sample; forest_router.h and
// kd_tree_router.h do less.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class NearestSampleRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "nearest";
  using State = ClusteredSample;

  static absl::StatusOr<std::unique_ptr<Router>> Create(ClusteredSample sample);

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return sample_.points.dimension; }
  int64_t num_groups() const override { return sample_.num_groups; }
  int64_t copies() const override { return sample_.copies; }
  std::string EncodeState() const override;

 private:
  explicit NearestSampleRouter(ClusteredSample sample);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  ClusteredSample sample_;
  PackedCenters packed_;  // of sample_.points
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_NEAREST_SAMPLE_ROUTER_H_
