// What every router must do, as a test to run on any of them, one's own
// included.
//
//   TEST(MyRouterTest, KeepsTheContract) { CheckRouterContract(router, points);
//   }

#ifndef MUSTER_DISPATCH_ROUTER_CONTRACT_H_
#define MUSTER_DISPATCH_ROUTER_CONTRACT_H_

#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"

namespace muster::dispatch {

// Over `points`, of which there should be several thousand in the router's
// space:
//
//   each point has p distinct groups in [0, k); one by one, all at once and in
//   any cut the routes are the same, and by 1, 2, 3 and 8 threads; -0 and 0
//   route alike; with p - 1 groups lost every point has one left; another
//   dimension and values that are not finite are refused with their place and
//   nothing is written; an empty batch is allowed.
//
// Failures are GoogleTest expectations of the calling test, as below.
void CheckRouterContract(const Router& router, PointsView points);

// For a member of the table (routers.h), saved and loaded: same kind, same
// bytes again, same routes. Keep the router small: the file with any one bit
// flipped, cut at any byte, or with a byte too many is refused, and so is a
// state with damaged bytes, unless they make another valid router, which then
// routes `points`.
void CheckRouterFileContract(const Router& router, PointsView points);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ROUTER_CONTRACT_H_
