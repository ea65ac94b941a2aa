#ifndef MUSTER_DISPATCH_TREE_ROUTER_H_
#define MUSTER_DISPATCH_TREE_ROUTER_H_

// Routing down a balanced partition tree (partition_tree.h): group = leaf. One
// group a point: these baselines know no replication.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/partition_tree.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class TreeRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "tree";
  using State = PartitionTree;

  static absl::StatusOr<std::unique_ptr<Router>> Create(PartitionTree tree);

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return tree_.dimension; }
  int64_t num_groups() const override { return tree_.num_leaves; }
  int64_t copies() const override { return 1; }
  std::string EncodeState() const override;

 private:
  explicit TreeRouter(PartitionTree tree);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  PartitionTree tree_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_TREE_ROUTER_H_
