#include "muster/dispatch/assignment_repair.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Block;

constexpr int64_t kPointsPerBlock = 16384;

// A copy's cheapest move.
struct Move {
  float regret = 0;
  int32_t from = 0;
  int32_t to = 0;
  int64_t point = 0;

  friend bool operator<(const Move& x, const Move& y) {
    return std::tie(x.regret, x.point, x.from) <
           std::tie(y.regret, y.point, y.from);
  }
};

// Which centres give and which take in a round: surplus > 0, room > 0.
struct Quotas {
  std::vector<int64_t> surplus;
  std::vector<int64_t> room;
};

class Placement {
 public:
  Placement(const AssignmentCosts& costs, std::span<const double> prices,
            const runtime::Runtime& runtime, AssignmentState* state)
      : costs_(costs), prices_(prices), runtime_(runtime), state_(*state) {}

  // One round: every copy with a giver offers its cheapest taker.
  int64_t Round(Quotas quotas);

 private:
  std::vector<Move> Offers(Block block, const Quotas& quotas) const;
  void OffersOf(int64_t point, const float* row, const Quotas& quotas,
                std::vector<Move>* offers) const;
  bool IsAt(int64_t point, int32_t center) const {
    const auto begin = state_.clusters.begin() + point * state_.copies;
    return std::find(begin, begin + state_.copies, center) !=
           begin + state_.copies;
  }

  const AssignmentCosts& costs_;
  const std::span<const double> prices_;
  const runtime::Runtime& runtime_;
  AssignmentState& state_;
};

// Keeps the `count` least.
void KeepLeast(size_t count, std::vector<Move>* moves) {
  if (moves->size() <= count) return;
  std::nth_element(moves->begin(), moves->begin() + static_cast<int64_t>(count),
                   moves->end());
  moves->resize(count);
}

void Placement::OffersOf(int64_t point, const float* row, const Quotas& quotas,
                         std::vector<Move>* offers) const {
  int32_t to = -1;
  float least = std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < quotas.room.size(); ++i) {
    if (quotas.room[i] <= 0) continue;
    const float reduced = row[i] - static_cast<float>(prices_[i]);
    if ((reduced < least || to < 0) && !IsAt(point, static_cast<int32_t>(i))) {
      least = reduced;
      to = static_cast<int32_t>(i);
    }
  }
  if (to < 0) return;
  for (int64_t r = 0; r < state_.copies; ++r) {
    const int32_t from = state_.clusters[point * state_.copies + r];
    if (quotas.surplus[from] <= 0) continue;
    const float here = row[from] - static_cast<float>(prices_[from]);
    offers->push_back({least - here, from, to, point});
  }
}

std::vector<Move> Placement::Offers(Block block, const Quotas& quotas) const {
  AssignmentCosts::Scratch scratch;
  std::vector<float> rows(
      static_cast<size_t>(AssignmentCosts::kMaxRows * costs_.row_stride()));
  std::vector<Move> offers;
  for (int64_t begin = block.begin; begin < block.end;
       begin += AssignmentCosts::kMaxRows) {
    const int64_t count =
        std::min(AssignmentCosts::kMaxRows, block.end - begin);
    costs_.Rows(begin, count, &scratch, rows);
    for (int64_t j = 0; j < count; ++j) {
      OffersOf(begin + j, rows.data() + j * costs_.row_stride(), quotas,
               &offers);
    }
  }
  return offers;
}

int64_t Placement::Round(Quotas quotas) {
  // Twice what a giver must part with: the first takers may fill up.
  std::vector<std::vector<Move>> by_giver(quotas.surplus.size());
  const auto blocks = runtime::CutBlocks(costs_.num_points(), kPointsPerBlock);
  const auto slots =
      runtime::MapBlocks(runtime_, blocks, [&](int64_t, Block block) {
        std::vector<Move> offers = Offers(block, quotas);
        std::vector<std::vector<Move>> split(quotas.surplus.size());
        for (const Move& move : offers) split[move.from].push_back(move);
        offers.clear();
        for (size_t i = 0; i < split.size(); ++i) {
          KeepLeast(static_cast<size_t>(2 * quotas.surplus[i] + 16), &split[i]);
          offers.insert(offers.end(), split[i].begin(), split[i].end());
        }
        return offers;
      });
  for (const std::vector<Move>& slot : slots) {
    for (const Move& move : slot) by_giver[move.from].push_back(move);
  }
  std::vector<Move> moves;
  for (size_t i = 0; i < by_giver.size(); ++i) {
    KeepLeast(
        static_cast<size_t>(2 * std::max<int64_t>(0, quotas.surplus[i]) + 16),
        &by_giver[i]);
    moves.insert(moves.end(), by_giver[i].begin(), by_giver[i].end());
  }
  std::sort(moves.begin(), moves.end());
  int64_t done = 0;
  for (const Move& move : moves) {
    if (quotas.surplus[move.from] <= 0 || quotas.room[move.to] <= 0 ||
        IsAt(move.point, move.to)) {
      continue;
    }
    const auto begin = state_.clusters.begin() + move.point * state_.copies;
    *std::find(begin, begin + state_.copies, move.from) = move.to;
    --quotas.surplus[move.from];
    --quotas.room[move.to];
    ++done;
  }
  return done;
}

std::vector<int64_t> CountCopies(const AssignmentState& state, int64_t k) {
  std::vector<int64_t> counts(static_cast<size_t>(k), 0);
  for (const int32_t center : state.clusters) ++counts[center];
  return counts;
}

}  // namespace

absl::StatusOr<int64_t> PlaceGreedilyUnlessStopped(
    const AssignmentCosts& costs, std::span<const double> prices,
    const SizeBounds& bounds, const runtime::Runtime& runtime,
    AssignmentState* state) {
  const int64_t k = costs.num_centers();
  const int64_t upper = std::min(bounds.upper, costs.num_points());
  Placement placement(costs, prices, runtime, state);
  int64_t total = 0;
  // First down to the upper bound, then up to the lower one.
  for (const bool down : {true, false}) {
    while (true) {
      const std::vector<int64_t> counts = CountCopies(*state, k);
      Quotas quotas{std::vector<int64_t>(counts.size()),
                    std::vector<int64_t>(counts.size())};
      bool done = true;
      for (size_t i = 0; i < counts.size(); ++i) {
        quotas.surplus[i] =
            std::max<int64_t>(0, counts[i] - (down ? upper : bounds.lower));
        quotas.room[i] =
            std::max<int64_t>(0, (down ? upper : bounds.lower) - counts[i]);
        done &= (down ? quotas.surplus[i] : quotas.room[i]) <= 0;
      }
      if (done) break;
      if (runtime::ShouldStop(runtime)) {
        return absl::CancelledError("greedy placement: stopped from outside");
      }
      const int64_t moves = placement.Round(std::move(quotas));
      MUSTER_CHECK(moves > 0);
      total += moves;
    }
  }
  return total;
}

int64_t PlaceGreedily(const AssignmentCosts& costs,
                      std::span<const double> prices, const SizeBounds& bounds,
                      const runtime::Runtime& runtime, AssignmentState* state) {
  runtime::Runtime to_the_end = runtime;
  to_the_end.stop = nullptr;
  return *PlaceGreedilyUnlessStopped(costs, prices, bounds, to_the_end, state);
}

namespace {

// The graph of split points and centres, an edge for each share that is neither
// nothing nor the whole weight.
class SplitGraph {
 public:
  SplitGraph(int64_t num_centers, std::span<const double> weights,
             AssignmentState* state)
      : k_(num_centers), weights_(weights), state_(*state) {}

  // Cancels one cycle; false if there is none.
  bool CancelOne();

 private:
  struct Edge {
    int32_t split;
    int32_t entry;
  };

  double Weight(const Edge& edge) const {
    return weights_[state_.splits[edge.split].point];
  }
  double& Flow(const Edge& edge) const {
    return state_.splits[edge.split].flows[edge.entry];
  }
  int64_t CenterOf(const Edge& edge) const {
    return state_.splits[edge.split].centers[edge.entry];
  }
  // The other end of `edge`, seen from `node`; splits are k, k + 1, ...
  int64_t Across(const Edge& edge, int64_t node) const {
    return node < k_ ? k_ + edge.split : CenterOf(edge);
  }
  void Collect();
  // The edges of a cycle in order, from any of its points on; empty: none.
  std::vector<Edge> FindCycle() const;

  const int64_t k_;
  const std::span<const double> weights_;
  AssignmentState& state_;
  std::vector<std::vector<Edge>> edges_;  // of each node
};

void SplitGraph::Collect() {
  edges_.assign(static_cast<size_t>(k_) + state_.splits.size(), {});
  for (size_t s = 0; s < state_.splits.size(); ++s) {
    const SplitPoint& split = state_.splits[s];
    for (size_t e = 0; e < split.flows.size(); ++e) {
      const Edge edge{static_cast<int32_t>(s), static_cast<int32_t>(e)};
      if (split.flows[e] <= 0 || split.flows[e] >= Weight(edge)) continue;
      edges_[k_ + static_cast<int64_t>(s)].push_back(edge);
      edges_[split.centers[e]].push_back(edge);
    }
  }
}

std::vector<SplitGraph::Edge> SplitGraph::FindCycle() const {
  // Depth first; the edge by which each node was reached.
  std::vector<Edge> by(edges_.size(), Edge{-1, -1});
  std::vector<int64_t> from(edges_.size(), -1), depth(edges_.size(), -1);
  for (size_t root = 0; root < edges_.size(); ++root) {
    if (depth[root] >= 0) continue;
    depth[root] = 0;
    std::vector<int64_t> stack = {static_cast<int64_t>(root)};
    while (!stack.empty()) {
      const int64_t node = stack.back();
      stack.pop_back();
      for (const Edge& edge : edges_[node]) {
        if (edge.split == by[node].split && edge.entry == by[node].entry) {
          continue;
        }
        int64_t next = Across(edge, node);
        if (depth[next] < 0) {
          depth[next] = depth[node] + 1;
          by[next] = edge;
          from[next] = node;
          stack.push_back(next);
          continue;
        }
        // Both ends up to where they meet.
        std::vector<Edge> left = {edge}, right;
        int64_t at = node;
        while (at != next) {
          if (depth[at] >= depth[next]) {
            left.push_back(by[at]);
            at = from[at];
          } else {
            right.push_back(by[next]);
            next = from[next];
          }
        }
        left.insert(left.end(), right.rbegin(), right.rend());
        return left;
      }
    }
  }
  return {};
}

bool SplitGraph::CancelOne() {
  Collect();
  const std::vector<Edge> cycle = FindCycle();
  if (cycle.empty()) return false;
  // Alternate signs: at each node one edge gains what the other loses.
  double amount = std::numeric_limits<double>::infinity();
  for (size_t e = 0; e < cycle.size(); ++e) {
    const double flow = Flow(cycle[e]);
    amount = std::min(amount, e % 2 == 0 ? Weight(cycle[e]) - flow : flow);
  }
  for (size_t e = 0; e < cycle.size(); ++e) {
    const double weight = Weight(cycle[e]);
    double& flow = Flow(cycle[e]);
    flow += e % 2 == 0 ? amount : -amount;
    // The edge that binds leaves the graph, whatever the rounding.
    if (flow <= 1e-12 * weight) flow = 0;
    if (flow >= (1 - 1e-12) * weight) flow = weight;
  }
  return true;
}

}  // namespace

void CancelSplitCycles(int64_t num_centers, std::span<const double> weights,
                       AssignmentState* state) {
  if (state->splits.empty()) return;
  SplitGraph graph(num_centers, weights, state);
  while (graph.CancelOne()) {
  }
  std::vector<SplitPoint> kept;
  const int64_t p = state->copies;
  std::fill(state->split_of.begin(), state->split_of.end(), -1);
  for (SplitPoint& split : state->splits) {
    std::vector<std::pair<double, int32_t>> flows;
    for (size_t e = 0; e < split.flows.size(); ++e) {
      if (split.flows[e] > 0) {
        flows.emplace_back(-split.flows[e], split.centers[e]);
      }
    }
    std::sort(flows.begin(), flows.end());
    split.flows.clear();
    split.centers.clear();
    for (const auto& [flow, center] : flows) {
      split.flows.push_back(-flow);
      split.centers.push_back(center);
    }
    std::copy_n(split.centers.begin(), p,
                state->clusters.begin() + split.point * p);
    if (static_cast<int64_t>(split.flows.size()) == p) continue;
    state->split_of[split.point] = static_cast<int32_t>(kept.size());
    kept.push_back(std::move(split));
  }
  state->splits = std::move(kept);
}

}  // namespace muster::dispatch
