#ifndef MUSTER_DISPATCH_ROUTER_H_
#define MUSTER_DISPATCH_ROUTER_H_

// A router maps any point of R^d to its p groups: training points when they are
// dispatched, queries when they are answered, by the same rule. Life: fitted
// once on a sample (fit.h) or read from a file (router_file.h), then used from
// any threads; immutable.
//
// Fault tolerance: the p groups are distinct, so when any p - 1 groups are lost
// every point still has one; FirstLiveGroup finds it.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class Router {
 public:
  virtual ~Router() = default;

  // The name in the table of routers (routers.h) and in files.
  virtual absl::string_view kind() const = 0;
  virtual int64_t dimension() const = 0;   // d of the points
  virtual int64_t num_groups() const = 0;  // k
  virtual int64_t copies() const = 0;      // p: groups per point

  // groups (n x p) := the groups of each point, best first, distinct.
  // InvalidArgument for another dimension or a value that is not finite (row,
  // column, value); nothing is written then. `groups` has length n p (CHECKed).
  // The bits do not depend on the threads, nor on how the points are cut into
  // batches.
  absl::Status Route(PointsView points, std::span<int32_t> groups,
                     const runtime::Runtime& runtime = {}) const;
  // The same for one point, `groups` of length p. A batch is several times
  // faster a point (2.3 against 0.4 us for the price router at d = 64, k =
  // 256).
  absl::Status RouteOne(std::span<const float> point,
                        std::span<int32_t> groups) const;

  // The members' state as bytes (runtime/fields.h), read back by the table's
  // `decode`. Files add a header and a checksum.
  virtual std::string EncodeState() const = 0;

 protected:
  // As Route, for points already checked.
  virtual void RouteChecked(PointsView points, std::span<int32_t> groups,
                            const runtime::Runtime& runtime) const = 0;
};

// The first of a point's groups that is alive (`alive` has k entries); -1 when
// all p are lost.
int32_t FirstLiveGroup(std::span<const int32_t> groups,
                       std::span<const char> alive);

// How evenly a stream of points was spread.
struct LoadSpread {
  int64_t points = 0;
  std::vector<int64_t> loads = {};  // k: copies per group
  double smallest = 0;  // least and largest load, as multiples of n p / k
  double largest = 0;
  double deviation = 0;  // standard deviation of load / (n p / k)
};
// From groups of n points (n x p) over k groups. n >= 1 (CHECKed).
LoadSpread MeasureLoads(std::span<const int32_t> groups, int64_t copies,
                        int64_t num_groups);
// The same from loads that were counted along a stream of `points`; their sum
// is >= 1 (CHECKed).
LoadSpread SpreadOfLoads(std::vector<int64_t> loads, int64_t points);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ROUTER_H_
