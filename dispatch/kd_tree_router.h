#ifndef MUSTER_DISPATCH_KD_TREE_ROUTER_H_
#define MUSTER_DISPATCH_KD_TREE_ROUTER_H_

// Routing by the nearest neighbour in the clustered sample, found by a kd-tree
// (nanoflann). The same routes as nearest_sample_router.h, in time that grows
// like the logarithm of the sample in few dimensions and reaches a full scan in
// many: allowed up to d = 20.
//
// Exact: distances in double, ties to the lower sample point. Files hold the
// sample; the tree grows again when they are read, in O(n d log n).

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class KdTreeRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "kd_tree";
  static constexpr int64_t kMaxDimension = 20;
  using State = ClusteredSample;

  // InvalidArgument as of Validate(ClusteredSample), and for d above 20.
  static absl::StatusOr<std::unique_ptr<Router>> Create(ClusteredSample sample);
  ~KdTreeRouter() override;

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return sample_.points.dimension; }
  int64_t num_groups() const override { return sample_.num_groups; }
  int64_t copies() const override { return sample_.copies; }
  std::string EncodeState() const override;

 private:
  struct Index;

  explicit KdTreeRouter(ClusteredSample sample);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  ClusteredSample sample_;
  std::unique_ptr<Index> index_;  // of sample_.points
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_KD_TREE_ROUTER_H_
