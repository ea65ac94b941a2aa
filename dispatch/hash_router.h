#ifndef MUSTER_DISPATCH_HASH_ROUTER_H_
#define MUSTER_DISPATCH_HASH_ROUTER_H_

// Routing by a locality-sensitive hash (locality_hash.h). One group a point:
// this baseline knows no replication.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/locality_hash.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class HashRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "lsh";
  using State = LocalityHash;

  static absl::StatusOr<std::unique_ptr<Router>> Create(LocalityHash hash);

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return hash_.dimension; }
  int64_t num_groups() const override { return hash_.num_groups; }
  int64_t copies() const override { return 1; }
  std::string EncodeState() const override;

 private:
  explicit HashRouter(LocalityHash hash);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  LocalityHash hash_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_HASH_ROUTER_H_
