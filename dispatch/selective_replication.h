#ifndef MUSTER_DISPATCH_SELECTIVE_REPLICATION_H_
#define MUSTER_DISPATCH_SELECTIVE_REPLICATION_H_

// Copies where they help: points near a border between groups go to both sides,
// others to one group only. As storage, an average of s copies a point, to be
// compared with fixed replication p = s.
//
// With the centres in the order c_1, c_2, ... of score(x, c) = cost(x, c) -
// price(c) (price_router.h), x goes to c_1 and to each c_r, 2 <= r <= p_max,
// with
//
//   margin(x, r) <= tau
//
// where the margin is one of
//
//   kScore     score(x, c_r) - score(x, c_1)
//   kFactor    d(x, c_r) / d(x, c_1), distances to the centres (SPANN's
//              closure, Chen et al., NeurIPS 2021, without its pruning)
//   kBoundary  the distance from x to the plane that divides c_1 from c_r,
//              (score(x, c_r) - score(x, c_1)) / (2 |c_r - c_1|); squared costs
//              only
//
// tau is the largest value that keeps the copies of a sample at or below s n:
// a quantile of the n (p_max - 1) margins, with equal ones left out together.
//
// For selective replication in search engines see also Gottesbueren et al.,
// "Unleashing graph partitioning for large-scale nearest neighbor search"
// (2024). Bounds on loads hold for first copies only, as far as prices give
// them; the others follow the density at the borders.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

enum class ReplicationMargin { kScore, kFactor, kBoundary };

struct SelectiveReplicationOptions {
  double mean_copies = 2;  // s in [1, p_max]: the budget of storage
  // p_max in [1, k]: most copies of a point. Above 2 points at corners get more
  // and fewer borders get any. Default: arbitrary.
  int64_t max_copies = 3;
  ReplicationMargin margin = ReplicationMargin::kBoundary;
};

// Groups of n points, 1 to p_max each: those of point j at
// [begin[j], begin[j + 1]), best first, distinct.
struct RaggedGroups {
  std::vector<int64_t> begin = {0};  // n + 1
  std::vector<int32_t> groups = {};

  int64_t size() const { return static_cast<int64_t>(begin.size()) - 1; }
  std::span<const int32_t> GroupsOf(int64_t point) const {
    return std::span(groups).subspan(
        static_cast<size_t>(begin[point]),
        static_cast<size_t>(begin[point + 1] - begin[point]));
  }
  friend bool operator==(const RaggedGroups&, const RaggedGroups&) = default;
};

// Immutable, thread-safe.
class SelectiveReplicator {
 public:
  // tau from `sample`. state.copies is not read. InvalidArgument for a state,
  // options or sample that are not valid, another dimension, or kBoundary with
  // costs that are not squared. O(n k d).
  static absl::StatusOr<SelectiveReplicator> Fit(
      PriceRouterState state, PointsView sample,
      const SelectiveReplicationOptions& options,
      const runtime::Runtime& runtime = {});

  // The groups of points. Errors as of Router::Route. The bits do not depend on
  // threads or batches.
  absl::StatusOr<RaggedGroups> Route(
      PointsView points, const runtime::Runtime& runtime = {}) const;

  int64_t num_groups() const { return state_.centers.size(); }
  int64_t max_copies() const { return options_.max_copies; }
  double threshold() const { return threshold_; }  // tau
  // Copies a point on the sample, at most mean_copies.
  double sample_copies() const { return sample_copies_; }

 private:
  SelectiveReplicator(PriceRouterState state,
                      const SelectiveReplicationOptions& options);

  // The p_max best centres of each point, and the margins of all but the first
  // (n x (p_max - 1)).
  void Margins(PointsView points, std::vector<int32_t>* centers,
               std::vector<double>* margins,
               const runtime::Runtime& runtime) const;
  double MarginOf(std::span<const float> point, int32_t first,
                  int32_t other) const;

  PriceRouterState state_;
  SelectiveReplicationOptions options_;
  double threshold_ = 0;
  double sample_copies_ = 1;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_SELECTIVE_REPLICATION_H_
