#ifndef MUSTER_DISPATCH_ONLINE_BALANCER_H_
#define MUSTER_DISPATCH_ONLINE_BALANCER_H_

// Routing a stream by centre and price so that group sizes keep their bounds,
// whatever the stream does: the price router (price_router.h) with hard limits,
// and prices that follow the load.
//
// A price router keeps bounds on the points that it was fitted on. A stream
// drifts. Here point t = 1, 2, ... goes to p distinct groups, for good, before
// the next one is seen. Time is cut into windows that end at T_1 < T_2 < ...
//
// Guarantee. After point T_e every group has a load in [A_e, B_e],
//
//   A_e = floor(l T_e p / k),  B_e = ceil(u T_e p / k),   0 <= l <= 1 <= u
//
// for every stream and every e, and for every prefix t between T_(e-1) and T_e
// it has one in [A_(e-1), B_e]. Windows have a multiple of k points; when the
// length N of the stream is told, the last one ends at N with up to twice as
// many, and its bounds may be wider by one copy, for rounding. A single window
// (the default when N is told) binds the final loads only.
//
// How. With r points left in a window, group i still needs n_i = (A_e -
// load_i)+ copies and has room for b_i = B_e - load_i. The rest can be done iff
//
//   n_i <= r,   sum_i n_i <= r p <= sum_i min(b_i, r)
//
// (a p-regular bipartite graph exists by Gale and Ryser). Each point takes the
// p groups of least cost(x, c) - price(c) among the choices that keep these
// three true; there always is one, and while nothing is tight it is the price
// router's own.
//
// Prices. Every m points, with q_i the smoothed share of the stream that wants
// group i at the present prices, the load at the window's end is projected:
// y_i = load_i + q_i r. Then, with g the mean cost gap between the p-th and the
// next choice, and clip to [0, 1],
//
//   price_i -= step g clip((y_i - B_e) / share)   if y_i > B_e
//   price_i += step g clip((A_e - y_i) / share)   if y_i < A_e
//   price_i moves towards its first value by at most step g / 10   otherwise
//
// where share = (T_e - T_(e-1)) p / k: a step of the dual ascent of the
// balanced assignment, on the stream. So the limits, which place the last
// points of a window wherever there is room, seldom have to act.
//
// The answers depend on the stream and the options only, not on threads or on
// how the stream is cut into calls. O(k d) a point in parallel and O(k p^3) in
// sequence; 16 MiB of costs at a time, or 64 k of them if that is more. Not
// thread-safe: one stream, one balancer.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/dispatch/transposed_centers.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct OnlineBalancerOptions {
  double lower_factor = 0.5;  // l in [0, 1]; default: the paper's bounds
  double upper_factor = 2;    // u >= 1
  // N >= 0: length of the stream, 0 if it is not known. At most LongestStream,
  // as are the next two.
  int64_t total_points = 0;
  // Points of a window >= 0, rounded up to a multiple of k. Short windows hold
  // the bounds early and send more points away from their centre. 0: N if
  // known, else 64 k (arbitrary: a fair share of 64 copies).
  int64_t window = 0;
  // m >= 0: points between price steps; 0: 8 k / p (eight copies a group, which
  // the smoothing makes forty).
  int64_t update_every = 0;
  // >= 0, in gaps between neighbouring choices; 0 keeps the prices. Where a
  // skew lasts, steps send away the boundary of a full group instead of whoever
  // comes late: at 0.2 they saved 16 % of the cost on a mixture with one group
  // at six times its share (20 % at 0.5). Where the stream only goes in circles
  // within a window, they move points in vain: 29 % more cost at 0.2, 52 % at
  // 0.5.
  double step = 0.2;
};

// InvalidArgument naming the field; the bounds that p and k set are looked at
// by Create.
absl::Status Validate(const OnlineBalancerOptions& options);

class OnlineBalancer {
 public:
  // InvalidArgument as of both Validate functions.
  static absl::StatusOr<OnlineBalancer> Create(
      PriceRouterState state, const OnlineBalancerOptions& options);

  // The largest N with N p <= 2^53 and N k <= 2^62, for p and k >= 1.
  static int64_t LongestStream(int64_t copies, int64_t num_groups);

  // groups (n x p) := the groups of the next n points, best first. Invalid-
  // Argument as of Router::Route, FailedPrecondition when the stream gets
  // longer than total_points; nothing is assigned then.
  absl::Status Assign(PointsView points, std::span<int32_t> groups,
                      const runtime::Runtime& runtime = {});

  int64_t num_groups() const { return state_.centers.size(); }
  int64_t copies() const { return state_.copies; }
  int64_t points_seen() const { return seen_; }
  // Copies in each group so far (k), and the prices now.
  std::span<const int64_t> loads() const { return loads_; }
  std::span<const double> prices() const { return state_.prices; }
  // A_e and B_e of the present window, and the prefix T_e at which they hold.
  int64_t lower_bound() const { return lower_; }
  int64_t upper_bound() const { return upper_; }
  int64_t window_end() const { return window_end_; }
  // What the factors ask of the loads after points_seen(): at the end of a
  // window its bounds, else floor(l t p / k) and ceil(u t p / k).
  SizeBounds present_bounds() const;
  // Groups whose load is outside of them: 0 at the end of a window, any number
  // within one.
  int64_t groups_outside() const;
  // Copies that the limits sent elsewhere than the prices would have.
  int64_t diverted() const { return diverted_; }
  // sum of cost(x, c) over all copies (squared distances, or distances).
  double total_cost() const { return total_cost_; }

 private:
  OnlineBalancer(PriceRouterState state, const OnlineBalancerOptions& options);

  // floor(l t p / k) and ceil(u t p / k) for t points.
  SizeBounds SharesOf(int64_t points) const;
  void StartWindow();
  void AssignOne(std::span<const double> costs, std::span<int32_t> groups);
  // The p groups of least cost - price that keep the rest of the window
  // possible.
  void ChooseWithinLimits(std::span<int32_t> groups);
  bool KeepsLimits(std::span<const int32_t> groups) const;
  void StepPrices();

  PriceRouterState state_;  // prices as of now
  OnlineBalancerOptions options_;
  std::vector<double> first_prices_;
  std::vector<int64_t> loads_;
  int64_t seen_ = 0;
  int64_t diverted_ = 0;
  double total_cost_ = 0;

  int64_t window_begin_ = 0;
  int64_t window_end_ = 0;
  int64_t lower_ = 0;
  int64_t upper_ = 0;
  int64_t total_need_ = 0;  // sum of n_i

  TransposedCenters centers_;
  std::vector<int64_t> wanted_;  // copies by price alone since the last step
  std::vector<double> demand_;   // q_i, copies a point
  double gap_sum_ = 0;           // since the last step
  double gap_ = 0;               // g
  int64_t since_step_ = 0;
  std::vector<double> scores_;  // scratch: cost - price (k)
  std::vector<int32_t> order_;  // scratch
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ONLINE_BALANCER_H_
