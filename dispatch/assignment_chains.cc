#include "muster/dispatch/assignment_chains.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "muster/dispatch/assignment_frontier.h"
#include "muster/dispatch/assignment_network.h"
#include "muster/dispatch/assignment_smoothing.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Block;

constexpr int64_t kPointsPerBlock = 65536;
// Points whose moves are in memory at once.
constexpr int64_t kPointsAtOnce = 1 << 20;
constexpr int64_t kNextCenters = 4;
constexpr int64_t kMovesPerPair = 16;
// Moves that are collected before those that are not the cheapest go; where
// more than half of these stay, twice as many as stay.
constexpr size_t kMostMoves = 1 << 18;

// A copy of a point from one of its centres to another.
struct Move {
  int32_t from = 0;
  int32_t to = 0;
  double length = 0;  // by how much the reduced cost rises
  int64_t point = 0;

  friend bool operator<(const Move& x, const Move& y) {
    return std::tie(x.from, x.to, x.length, x.point) <
           std::tie(y.from, y.to, y.length, y.point);
  }
};

void KeepCheapest(std::vector<Move>* moves) {
  std::sort(moves->begin(), moves->end());
  size_t kept = 0;
  int64_t of_pair = 0;
  for (size_t m = 0; m < moves->size(); ++m) {
    const Move move = (*moves)[m];
    const bool same = kept > 0 && (*moves)[kept - 1].from == move.from &&
                      (*moves)[kept - 1].to == move.to;
    of_pair = same ? of_pair + 1 : 1;
    if (of_pair <= kMovesPerPair) (*moves)[kept++] = move;
  }
  moves->resize(kept);
}

class PriceAssignment {
 public:
  PriceAssignment(const AssignmentCosts& costs, int64_t copies,
                  std::span<const double> prices,
                  const runtime::Runtime& runtime)
      : costs_(costs), p_(copies), prices_(prices), runtime_(runtime) {
    state_.copies = copies;
  }

  // Every point to its cheapest centres; returns the cheapest moves.
  std::vector<Move> AssignAll();
  // Passes copies on along chains of `moves` until the sizes fit, or no chain
  // is left.
  void Balance(const std::vector<Move>& moves, const SizeBounds& sizes);

  std::vector<int32_t> TakeClusters() { return std::move(state_.clusters); }

 private:
  std::vector<Move> AssignBlock(const PackedCenters& packed, Block block);
  // `reduced` is scratch.
  void AddMoves(int64_t point, std::span<const int32_t> nearest,
                std::vector<double>* reduced, std::vector<Move>* moves) const;

  const AssignmentCosts& costs_;
  const int64_t p_;
  const std::span<const double> prices_;
  const runtime::Runtime& runtime_;
  AssignmentState state_;
};

void PriceAssignment::AddMoves(int64_t point, std::span<const int32_t> nearest,
                               std::vector<double>* reduced,
                               std::vector<Move>* moves) const {
  reduced->resize(nearest.size());
  for (size_t i = 0; i < nearest.size(); ++i) {
    (*reduced)[i] = costs_.Exact(point, nearest[i]) - prices_[nearest[i]];
  }
  for (int64_t r = 0; r < p_; ++r) {
    for (size_t a = static_cast<size_t>(p_); a < nearest.size(); ++a) {
      // Scaled, costs round differently: never below zero by more than that.
      moves->push_back({nearest[r], nearest[a],
                        std::max(0.0, (*reduced)[a] - (*reduced)[r]), point});
    }
  }
}

std::vector<Move> PriceAssignment::AssignBlock(const PackedCenters& packed,
                                               Block block) {
  const PointsView points = costs_.points();
  const int64_t count = std::min(costs_.num_centers(), p_ + kNextCenters);
  std::vector<int32_t> nearest(static_cast<size_t>(block.size() * count));
  packed.Nearest({.values = points.values + block.begin * points.dimension,
                  .size = block.size(),
                  .dimension = points.dimension},
                 count, nearest, {.threads = 1});
  std::vector<double> reduced;
  std::vector<Move> moves;
  size_t limit = kMostMoves;
  for (int64_t j = block.begin; j < block.end; ++j) {
    const auto mine = std::span<const int32_t>(nearest).subspan(
        static_cast<size_t>((j - block.begin) * count),
        static_cast<size_t>(count));
    std::copy_n(mine.begin(), p_, state_.clusters.begin() + j * p_);
    AddMoves(j, mine, &reduced, &moves);
    if (moves.size() > limit) {
      KeepCheapest(&moves);
      limit = std::max(kMostMoves, 2 * moves.size());
    }
  }
  KeepCheapest(&moves);
  return moves;
}

std::vector<Move> PriceAssignment::AssignAll() {
  std::vector<double> offsets;
  for (const double price : prices_) offsets.push_back(price * costs_.unit());
  const PackedCenters packed(costs_.centers(), offsets);
  state_.clusters.resize(static_cast<size_t>(costs_.num_points() * p_));
  std::vector<Move> kept;
  for (int64_t begin = 0; begin < costs_.num_points(); begin += kPointsAtOnce) {
    const int64_t size = std::min(kPointsAtOnce, costs_.num_points() - begin);
    const auto blocks = runtime::CutBlocks(size, kPointsPerBlock);
    const auto slots =
        runtime::MapBlocks(runtime_, blocks, [&](int64_t, Block block) {
          return AssignBlock(packed, {begin + block.begin, begin + block.end});
        });
    for (const std::vector<Move>& moves : slots) {
      kept.insert(kept.end(), moves.begin(), moves.end());
    }
    KeepCheapest(&kept);
  }
  return kept;
}

void PriceAssignment::Balance(const std::vector<Move>& moves,
                              const SizeBounds& sizes) {
  const auto k = static_cast<size_t>(costs_.num_centers());
  const LoadBounds bounds = {
      static_cast<double>(sizes.lower),
      static_cast<double>(std::min(sizes.upper, costs_.num_points()))};
  std::vector<double> loads(k, 0.0);
  for (const int32_t center : state_.clusters) loads[center] += 1;
  std::vector<double> sink_flows =
      SinkFlows(prices_, loads, bounds, /*tolerance=*/0);
  std::vector<std::pair<int64_t, int32_t>> reached;  // point, centre
  reached.reserve(moves.size());
  for (const Move& move : moves) reached.emplace_back(move.point, move.to);
  std::sort(reached.begin(), reached.end());
  reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
  std::vector<NetworkPoint> points;
  std::vector<NetworkEntry> entries;
  for (const auto& [point, center] : reached) {
    if (points.empty() || points.back().point != point) {
      points.push_back(
          {.point = point, .begin = static_cast<int64_t>(entries.size())});
      for (int64_t r = 0; r < p_; ++r) {
        const int32_t mine = state_.clusters[point * p_ + r];
        entries.push_back({mine, costs_.Exact(point, mine), 1.0});
      }
    }
    entries.push_back({center, costs_.Exact(point, center), 0.0});
    points.back().end = static_cast<int64_t>(entries.size());
  }
  AssignmentNetwork network(
      std::move(points), std::move(entries),
      std::vector<double>(prices_.begin(), prices_.end()), std::move(loads),
      std::move(sink_flows), static_cast<double>(costs_.num_points() * p_),
      bounds, /*radius=*/std::numeric_limits<double>::max(),
      /*negligible=*/0.5);
  network.Balance(std::numeric_limits<int64_t>::max());
  TakeFlows(network, 0.5, &state_);
}

}  // namespace

std::vector<int32_t> AssignByPrices(const AssignmentCosts& costs,
                                    int64_t copies, const SizeBounds& sizes,
                                    std::span<const double> prices,
                                    const runtime::Runtime& runtime) {
  MUSTER_CHECK(costs.objective() == Objective::kKMeans);
  MUSTER_CHECK(static_cast<int64_t>(prices.size()) == costs.num_centers());
  PriceAssignment assignment(costs, copies, prices, runtime);
  const std::vector<Move> moves = assignment.AssignAll();
  if (copies < costs.num_centers()) assignment.Balance(moves, sizes);
  return assignment.TakeClusters();
}

}  // namespace muster::dispatch
