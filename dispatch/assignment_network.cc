#include "muster/dispatch/assignment_network.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<double> SinkFlows(std::span<const double> prices,
                              std::span<const double> kept, LoadBounds bounds,
                              double tolerance) {
  std::vector<double> flows;
  flows.reserve(prices.size());
  for (size_t i = 0; i < prices.size(); ++i) {
    flows.push_back(prices[i] > tolerance ? bounds.lower
                    : prices[i] < -tolerance
                        ? bounds.upper
                        : std::clamp(kept[i], bounds.lower, bounds.upper));
  }
  return flows;
}

AssignmentNetwork::AssignmentNetwork(std::vector<NetworkPoint> points,
                                     std::vector<NetworkEntry> entries,
                                     std::vector<double> prices,
                                     std::vector<double> loads,
                                     std::vector<double> sink_flows,
                                     double mass, LoadBounds bounds,
                                     double radius, double negligible)
    : points_(std::move(points)),
      entries_(std::move(entries)),
      prices_(std::move(prices)),
      loads_(std::move(loads)),
      sink_flows_(std::move(sink_flows)),
      bounds_(bounds),
      radius_(radius),
      negligible_(negligible) {
  const size_t k = loads_.size();
  MUSTER_CHECK(prices_.size() == k && sink_flows_.size() == k);
  sink_excess_ = -mass;
  for (const double flow : sink_flows_) sink_excess_ += flow;
  double largest = 0;
  for (const double price : prices_) {
    largest = std::max(largest, std::abs(price));
  }
  point_of_.resize(entries_.size());
  for (size_t j = 0; j < points_.size(); ++j) {
    for (int64_t e = points_[j].begin; e < points_[j].end; ++e) {
      point_of_[e] = static_cast<int64_t>(j);
      largest = std::max(largest, entries_[e].cost);
    }
  }
  // Costs, prices and their differences carry a few units of rounding.
  tolerance_ = 64 * std::numeric_limits<double>::epsilon() * largest;
  prices_.push_back(0);  // the sink
  lowered_.assign(k + 1, 0.0);
  distance_.assign(k + 1, kInfinity);
  step_.assign(k + 1, {});
  settled_.assign(k + 1, 0);
  MakeArcs();
}

double AssignmentNetwork::ExcessOf(int32_t node) const {
  return node == sink() ? sink_excess_ : loads_[node] - sink_flows_[node];
}

bool AssignmentNetwork::IsBalanced() const {
  bool excess = false, lack = false;
  for (int32_t node = 0; node <= sink(); ++node) {
    excess |= ExcessOf(node) > negligible_;
    lack |= ExcessOf(node) < -negligible_;
  }
  return !excess || !lack;
}

double AssignmentNetwork::Excess() const {
  double sum = 0;
  for (int32_t node = 0; node <= sink(); ++node) {
    sum += std::max(0.0, ExcessOf(node));
  }
  return sum;
}

std::vector<double> AssignmentNetwork::Prices() const {
  std::vector<double> prices(prices_.begin(), prices_.end() - 1);
  for (double& price : prices) price -= prices_.back();
  return prices;
}

template <typename Visit>
void AssignmentNetwork::VisitMoves(Visit visit) const {
  const auto k = static_cast<int64_t>(loads_.size());
  for (const NetworkPoint& point : points_) {
    for (int64_t s = point.begin; s < point.end; ++s) {
      for (int64_t t = point.begin; t < point.end; ++t) {
        const NetworkEntry& from = entries_[s];
        const NetworkEntry& to = entries_[t];
        const double cost = to.cost - from.cost;
        const double length = cost - prices_[to.center] + prices_[from.center];
        if (s == t || length > radius_) continue;
        visit(from.center * k + to.center, Move{cost, s, t});
      }
    }
  }
}

void AssignmentNetwork::FindArcs() {
  // Points that tie have the same pairs: these are joined as they come.
  constexpr size_t kMostKeys = 1 << 16;
  const auto k = static_cast<int64_t>(loads_.size());
  std::vector<int64_t> keys;
  const auto join = [&] {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  };
  size_t limit = kMostKeys;
  VisitMoves([&](int64_t key, const Move&) {
    keys.push_back(key);
    if (keys.size() < limit) return;
    join();
    limit = std::max(kMostKeys, 2 * keys.size());
  });
  join();
  arc_begin_.assign(static_cast<size_t>(k) + 1, 0);
  arc_to_.reserve(keys.size());
  for (const int64_t key : keys) {
    ++arc_begin_[key / k + 1];
    arc_to_.push_back(static_cast<int32_t>(key % k));
  }
  for (int64_t i = 0; i < k; ++i) arc_begin_[i + 1] += arc_begin_[i];
}

void AssignmentNetwork::MakeArcs() {
  FindArcs();
  // Moves that are not valid yet come with the pushes that make them so.
  const auto visit_valid = [&](auto visit) {
    VisitMoves([&](int64_t, const Move& move) {
      if (!IsValid(move)) return;
      visit(FindArc(entries_[move.from].center, entries_[move.to].center),
            move);
    });
  };
  std::vector<size_t> count(arc_to_.size(), 0);
  visit_valid([&](int64_t arc, const Move&) { ++count[arc]; });
  arc_moves_.resize(arc_to_.size());
  for (size_t arc = 0; arc < count.size(); ++arc) {
    arc_moves_[arc].reserve(count[arc]);
  }
  visit_valid(
      [&](int64_t arc, const Move& move) { arc_moves_[arc].push_back(move); });
  arc_cost_.assign(arc_to_.size(), kInfinity);
  for (size_t arc = 0; arc < arc_to_.size(); ++arc) {
    // An ascending run is a heap.
    std::sort(arc_moves_[arc].begin(), arc_moves_[arc].end(),
              [](const Move& x, const Move& y) {
                return x.cost != y.cost ? x.cost < y.cost : x.from < y.from;
              });
    DropStale(static_cast<int64_t>(arc));
  }
}

int64_t AssignmentNetwork::FindArc(int32_t from, int32_t to) const {
  const auto begin = arc_to_.begin() + arc_begin_[from];
  const auto end = arc_to_.begin() + arc_begin_[from + 1];
  const auto at = std::lower_bound(begin, end, to);
  return at != end && *at == to ? at - arc_to_.begin() : -1;
}

bool AssignmentNetwork::IsValid(const Move& move) const {
  return entries_[move.from].flow > negligible_ &&
         entries_[move.to].flow <
             points_[point_of_[move.to]].weight - negligible_;
}

namespace {
struct CostsMore {
  template <typename Move>
  bool operator()(const Move& x, const Move& y) const {
    return x.cost != y.cost ? x.cost > y.cost : x.from > y.from;
  }
};
struct IsFarther {
  template <typename Reached>
  bool operator()(const Reached& x, const Reached& y) const {
    return x.distance != y.distance ? x.distance > y.distance : x.node > y.node;
  }
};
}  // namespace

void AssignmentNetwork::DropStale(int64_t arc) {
  std::vector<Move>& moves = arc_moves_[arc];
  while (!moves.empty() && !IsValid(moves.front())) {
    std::pop_heap(moves.begin(), moves.end(), CostsMore());
    moves.pop_back();
  }
  arc_cost_[arc] = moves.empty() ? kInfinity : moves.front().cost;
}

void AssignmentNetwork::UpdateArc(int64_t from, int64_t to) {
  const int64_t arc = FindArc(entries_[from].center, entries_[to].center);
  if (arc >= 0) DropStale(arc);
}

void AssignmentNetwork::AddMove(int64_t from, int64_t to) {
  const Move move{entries_[to].cost - entries_[from].cost, from, to};
  const int64_t arc = FindArc(entries_[from].center, entries_[to].center);
  if (arc < 0) return;  // above the radius
  if (IsValid(move)) {
    arc_moves_[arc].push_back(move);
    std::push_heap(arc_moves_[arc].begin(), arc_moves_[arc].end(), CostsMore());
  }
  DropStale(arc);
}

double AssignmentNetwork::ArcLength(int32_t from, int64_t arc) const {
  return arc_cost_[arc] - prices_[arc_to_[arc]] + prices_[from];
}

void AssignmentNetwork::Relax(int32_t from, double distance, int32_t to,
                              double length, int64_t arc) {
  const double candidate = distance + std::max(0.0, length);
  if (!(candidate < distance_[to])) return;
  if (distance_[to] == kInfinity) touched_.push_back(to);
  distance_[to] = candidate;
  step_[to] = {from, arc};
  queue_.push_back({candidate, to});
  std::push_heap(queue_.begin(), queue_.end(), IsFarther());
}

int32_t AssignmentNetwork::Search(double room, double* length) {
  ++searches_;
  for (const int32_t node : touched_) {
    distance_[node] = kInfinity;
    settled_[node] = 0;
  }
  touched_.clear();
  queue_.clear();
  for (int32_t node = 0; node <= sink(); ++node) {
    if (ExcessOf(node) > negligible_) Relax(-1, 0, node, 0, -1);
  }
  *length = room;
  while (!queue_.empty()) {
    const auto [distance, node] = queue_.front();
    std::pop_heap(queue_.begin(), queue_.end(), IsFarther());
    queue_.pop_back();
    if (settled_[node] != 0) continue;
    if (distance > room) return kBeyondRoom;
    settled_[node] = 1;
    if (ExcessOf(node) < -negligible_) {
      *length = distance;
      return node;
    }
    if (node == sink()) {
      for (int32_t i = 0; i < sink(); ++i) {
        if (settled_[i] == 0 && sink_flows_[i] > bounds_.lower + negligible_) {
          Relax(node, distance, i, prices_[node] - prices_[i], -1);
        }
      }
      continue;
    }
    if (sink_flows_[node] < bounds_.upper - negligible_) {
      Relax(node, distance, sink(), prices_[node] - prices_[sink()], -1);
    }
    for (int64_t arc = arc_begin_[node]; arc < arc_begin_[node + 1]; ++arc) {
      if (arc_cost_[arc] != kInfinity) {
        Relax(node, distance, arc_to_[arc], ArcLength(node, arc), arc);
      }
    }
  }
  return kNoPath;
}

void AssignmentNetwork::LowerPrices(double length) {
  for (const int32_t node : touched_) {
    if (settled_[node] == 0 || !(distance_[node] < length)) continue;
    const double fall = length - distance_[node];
    prices_[node] -= fall;
    lowered_[node] += fall;
    most_lowered_ = std::max(most_lowered_, lowered_[node]);
  }
}

double AssignmentNetwork::Capacity(const PathStep& step) const {
  if (step.move.from >= 0) {
    return std::min(
        entries_[step.move.from].flow,
        points_[point_of_[step.move.to]].weight - entries_[step.move.to].flow);
  }
  return step.to == sink() ? bounds_.upper - sink_flows_[step.from]
                           : sink_flows_[step.to] - bounds_.lower;
}

void AssignmentNetwork::Apply(const PathStep& step, double amount) {
  if (step.move.from < 0) {
    if (step.to == sink()) {
      sink_flows_[step.from] += amount;
    } else {
      sink_flows_[step.to] -= amount;
    }
    return;
  }
  const auto [cost, from, to] = step.move;
  entries_[from].flow -= amount;
  entries_[to].flow += amount;
  loads_[step.from] -= amount;
  loads_[step.to] += amount;
  const NetworkPoint& point = points_[point_of_[from]];
  for (int64_t e = point.begin; e < point.end; ++e) {
    if (e != to) {
      AddMove(to, e);
      UpdateArc(e, to);
    }
    if (e != from && e != to) {
      AddMove(e, from);
      UpdateArc(from, e);
    }
  }
}

bool AssignmentNetwork::MergesWithLast(const PathStep& step) {
  // Whole flows need no more pushes than there are copies.
  if (negligible_ >= 0.5 || path_.empty()) return false;
  PathStep& last = path_.back();
  if (last.move.from != step.move.to) return false;
  last.from = step.from;
  last.move.cost += step.move.cost;
  last.move.from = step.move.from;
  return true;
}

bool AssignmentNetwork::TracePath(int32_t target, double* amount) {
  path_.clear();
  *amount = -ExcessOf(target);
  int32_t node = target;
  for (; step_[node].node >= 0; node = step_[node].node) {
    const auto [from, arc] = step_[node];
    PathStep step{.from = from, .to = node};
    if (arc >= 0) {
      if (arc_cost_[arc] == kInfinity || ArcLength(from, arc) > tolerance_) {
        return false;
      }
      step.move = arc_moves_[arc].front();
      if (MergesWithLast(step)) continue;
    }
    path_.push_back(step);
  }
  for (const PathStep& step : path_) {
    *amount = std::min(*amount, Capacity(step));
  }
  *amount = std::min(*amount, ExcessOf(node));
  return *amount > negligible_;
}

void AssignmentNetwork::Push(int32_t target) {
  double amount = 0;
  while (TracePath(target, &amount)) {
    ++pushes_;
    if (path_.back().from == sink()) sink_excess_ -= amount;
    if (target == sink()) sink_excess_ += amount;
    for (const PathStep& step : path_) Apply(step, amount);
  }
}

AssignmentNetwork::End AssignmentNetwork::Balance(
    int64_t max_searches, const runtime::Runtime& runtime) {
  while (!IsBalanced()) {
    if (runtime::ShouldStop(runtime)) return End::kStopped;
    if (searches_ >= max_searches) return End::kLimit;
    double length = 0;
    const int32_t target = Search(radius_ - most_lowered_, &length);
    LowerPrices(length);
    if (target == kNoPath) return End::kStuck;
    if (target == kBeyondRoom) return End::kRadius;
    Push(target);
  }
  return End::kBalanced;
}

}  // namespace muster::dispatch
