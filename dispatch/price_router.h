#ifndef MUSTER_DISPATCH_PRICE_ROUTER_H_
#define MUSTER_DISPATCH_PRICE_ROUTER_H_

// Routing by centre and price: the cells of a power diagram.
//
//   groups of x = the p centres of least cost(x, c) - price(c)
//   cost(x, c)  = ||x - c||^2 (k-means) or ||x - c|| (k-median)
//
// The prices are the dual variables of the balanced assignment to fixed centres
// (F. Aurenhammer, F. Hoffmann, B. Aronov, "Minkowski-type theorems and
// least-squares clustering", Algorithmica 20, 1998): on the points that they
// were fitted on, this rule repeats the optimal assignment up to ties. A dear
// (negative) price makes a cell smaller, so a group that would be too full
// sheds its boundary. k (d + 1) numbers are all that is kept, and the cells are
// convex (k-means), which the cells of a nearest neighbour rule are not.
//
// Exact: decided in double, ties to the lower group. O(k d) a point.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/transposed_centers.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct PriceRouterState {
  PointSet centers = {};            // k x d
  std::vector<double> prices = {};  // k, finite, in the unit of the cost
  int64_t copies = 1;               // p in [1, k]
  bool squared = true;              // the cost: squared distance or distance

  static void Fields(auto& self, auto&& visit) {
    visit(self.centers.dimension, self.centers.values, self.prices, self.copies,
          self.squared);
  }
};

// InvalidArgument naming the field: centres empty or not finite, another number
// of prices than centres, a price that is not finite, p outside [1, k].
absl::Status Validate(const PriceRouterState& state);

class PriceRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "price";
  using State = PriceRouterState;

  static absl::StatusOr<std::unique_ptr<Router>> Create(PriceRouterState state);

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return state_.centers.dimension; }
  int64_t num_groups() const override { return state_.centers.size(); }
  int64_t copies() const override { return state_.copies; }
  std::string EncodeState() const override;

  const PriceRouterState& state() const { return state_; }

 private:
  explicit PriceRouter(PriceRouterState state);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  PriceRouterState state_;
  std::optional<PackedCenters> packed_;          // if squared, with the prices
  std::optional<TransposedCenters> transposed_;  // else
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_PRICE_ROUTER_H_
