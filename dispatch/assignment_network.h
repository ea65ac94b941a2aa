#ifndef MUSTER_DISPATCH_ASSIGNMENT_NETWORK_H_
#define MUSTER_DISPATCH_ASSIGNMENT_NETWORK_H_

// Successive shortest paths on the graph of centres: moves copies of the few
// points that are in doubt until every load is within its bounds.
//
// The transport problem has n points; its residual graph, with the points
// contracted, has k centres and a sink. An arc i -> i' stands for moving a copy
// from i to i', and costs the least C_ji' - C_ji over the points j that have
// flow at i and room at i' (a heap per ordered pair, stale entries dropped when
// they surface). i -> sink and sink -> i cost nothing: they change the flow
// f_i in [a, b] that the sink takes from i. Under prices lambda (sink: 0) the
// reduced length of an arc is
//
//   (C_ji' - lambda_i') - (C_ji - lambda_i) >= 0 .
//
// Excess e_i = load_i - f_i (sink: sum f - n p) is sent along shortest paths
// from all centres with excess at once (Dijkstra, stopped at the first centre
// that lacks), and prices fall by (length - distance) where reached, which
// keeps reduced lengths >= 0. With all excess gone the flow is optimal for the
// arcs at hand.
//
// Arcs of reduced length above `radius` at the start may be left out: a search
// never lets a price fall by more than the radius in all, so that they cannot
// have become negative; when it would have to, it stops and says so.
//
// Flows are doubles: whole numbers, exactly, when all weights are 1.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/assignment_smoothing.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// A centre that a point may use.
struct NetworkEntry {
  int32_t center = 0;
  double cost = 0;  // C_ji
  double flow = 0;  // in [0, weight]
};

// A point in doubt: its entries are entries[begin .. end).
struct NetworkPoint {
  int64_t point = 0;
  double weight = 1;
  int64_t begin = 0;
  int64_t end = 0;
};

// The flows f (k) into the sink that are optimal at the prices: a at a price
// above the tolerance, b at one below its negative, else the flow of `kept`
// (k), brought within the bounds.
std::vector<double> SinkFlows(std::span<const double> prices,
                              std::span<const double> kept, LoadBounds bounds,
                              double tolerance);

class AssignmentNetwork {
 public:
  enum class End {
    kBalanced,  // no excess is left
    kRadius,    // the prices would have to move by more than the radius
    kStuck,     // no path leads from an excess to a lack, however long
    kLimit,     // max_searches are done
    kStopped,   // runtime.stop is set
  };

  // loads (k): all flow at the centres, that of points not in doubt too.
  // sink_flows (k): f_i within bounds. mass: n p, the sum of the loads up to
  // rounding, which no sink flow makes good: what `loads` have more or less of
  // it in all stays where it is. Reduced lengths at `prices` must be >= 0 up to
  // rounding. Amounts up to `negligible` count as nothing.
  AssignmentNetwork(std::vector<NetworkPoint> points,
                    std::vector<NetworkEntry> entries,
                    std::vector<double> prices, std::vector<double> loads,
                    std::vector<double> sink_flows, double mass,
                    LoadBounds bounds, double radius, double negligible);

  // Looks at runtime.stop, and at nothing else of it, before each search.
  End Balance(int64_t max_searches, const runtime::Runtime& runtime = {});

  std::span<const NetworkPoint> points() const { return points_; }
  std::span<const NetworkEntry> entries() const { return entries_; }
  std::vector<double> Prices() const;  // k, that of the sink being 0
  const std::vector<double>& loads() const { return loads_; }
  const std::vector<double>& sink_flows() const { return sink_flows_; }
  // The sum of e_i > 0, that of the sink among them.
  double Excess() const;
  int64_t searches() const { return searches_; }
  int64_t pushes() const { return pushes_; }

 private:
  struct Move {  // of a copy from entry `from` to entry `to` of one point
    double cost = 0;
    int64_t from = -1;
    int64_t to = -1;
  };
  struct PathStep {  // no move: to or from the sink
    int32_t from = -1;
    int32_t to = -1;
    Move move = {};
  };
  struct Step {  // how a search reached a node
    int32_t node = -1;
    int64_t arc = -1;  // -1: to or from the sink
  };
  struct Reached {
    double distance;
    int32_t node;
  };

  int32_t sink() const { return static_cast<int32_t>(prices_.size()) - 1; }
  double ExcessOf(int32_t node) const;
  bool IsBalanced() const;
  // Calls visit(from * k + to, move) for every move of reduced length up to the
  // radius.
  template <typename Visit>
  void VisitMoves(Visit visit) const;
  // arc_begin_, arc_to_: the ordered pairs of centres with such moves.
  void FindArcs();
  void MakeArcs();
  int64_t FindArc(int32_t from, int32_t to) const;
  bool IsValid(const Move& move) const;
  void DropStale(int64_t arc);
  void UpdateArc(int64_t from, int64_t to);
  void AddMove(int64_t from, int64_t to);
  double ArcLength(int32_t from, int64_t arc) const;

  // What a search finds in place of a node.
  static constexpr int32_t kBeyondRoom = -1;
  static constexpr int32_t kNoPath = -2;

  // Dijkstra; returns the first node that lacks.
  int32_t Search(double room, double* length);
  void Relax(int32_t from, double distance, int32_t to, double length,
             int64_t arc);
  void LowerPrices(double length);
  // Pushes along the path that ends in `target` as long as it stays shortest.
  void Push(int32_t target);
  // path_ := the path and what it can carry; false when that is nothing.
  bool TracePath(int32_t target, double* amount);
  // Joins a step that moves a copy where the last step of path_ takes it away
  // again: else a small share there, which each push leaves as it was, would
  // bound what every one of them carries.
  bool MergesWithLast(const PathStep& step);
  double Capacity(const PathStep& step) const;
  void Apply(const PathStep& step, double amount);

  std::vector<NetworkPoint> points_;
  std::vector<NetworkEntry> entries_;
  std::vector<int64_t> point_of_;  // entry -> point
  std::vector<double> prices_;     // k, and the sink
  std::vector<double> loads_;      // k
  std::vector<double> sink_flows_;
  double sink_excess_ = 0;
  const LoadBounds bounds_;
  const double radius_;
  const double negligible_;
  double tolerance_ = 0;  // reduced lengths below it are zero
  double most_lowered_ = 0;
  std::vector<double> lowered_;  // k + 1: how far each price fell

  // Arcs of centre i: [arc_begin_[i], arc_begin_[i + 1]), by target.
  std::vector<int64_t> arc_begin_;
  std::vector<int32_t> arc_to_;
  std::vector<double> arc_cost_;  // of the best valid move; infinity: none
  std::vector<std::vector<Move>> arc_moves_;  // heaps, least cost first

  std::vector<double> distance_;
  std::vector<Step> step_;
  std::vector<char> settled_;
  std::vector<int32_t> touched_;
  std::vector<Reached> queue_;
  std::vector<PathStep> path_;
  int64_t searches_ = 0;
  int64_t pushes_ = 0;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_NETWORK_H_
