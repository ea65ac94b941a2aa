#include "muster/dispatch/assignment_duplicates.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <utility>

#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

uint64_t HashOf(std::span<const float> point) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const float value : point) {
    hash = (hash ^ std::bit_cast<uint32_t>(value)) * 0x100000001b3;
    hash ^= hash >> 29;
  }
  return hash;
}

bool AreEqual(std::span<const float> x, std::span<const float> y) {
  return std::memcmp(x.data(), y.data(), x.size_bytes()) == 0;
}

std::span<const NetworkEntry> EntriesOf(const Frontier& frontier,
                                        const NetworkPoint& point) {
  return std::span(frontier.entries)
      .subspan(static_cast<size_t>(point.begin),
               static_cast<size_t>(point.end - point.begin));
}

std::span<const int32_t> ClustersOf(const AssignmentState& state,
                                    int64_t point) {
  return std::span(state.clusters)
      .subspan(static_cast<size_t>(point * state.copies),
               static_cast<size_t>(state.copies));
}

// One group under construction: its entries by centre.
class Joined {
 public:
  // Positions of the members among the frontier's points.
  Joined(const Frontier& frontier, const AssignmentState& state,
         std::span<const int64_t> positions);

  // All members have the same centres outside the entries.
  bool IsSound() const { return sound_; }
  void AppendTo(int64_t point, double members, Frontier* to) const;

 private:
  std::map<int32_t, NetworkEntry> entries_;
  bool sound_ = true;
};

Joined::Joined(const Frontier& frontier, const AssignmentState& state,
               std::span<const int64_t> positions) {
  for (const int64_t at : positions) {
    for (const NetworkEntry& entry : EntriesOf(frontier, frontier.points[at])) {
      entries_.try_emplace(entry.center,
                           NetworkEntry{entry.center, entry.cost, 0});
    }
  }
  std::vector<int32_t> outside;
  for (size_t m = 0; m < positions.size(); ++m) {
    std::vector<int32_t> mine;
    for (const int32_t center :
         ClustersOf(state, frontier.points[positions[m]].point)) {
      const auto at = entries_.find(center);
      if (at == entries_.end()) {
        mine.push_back(center);
      } else {
        at->second.flow += 1;
      }
    }
    std::sort(mine.begin(), mine.end());
    if (m == 0) outside = mine;
    sound_ &= mine == outside;
  }
}

void Joined::AppendTo(int64_t point, double members, Frontier* to) const {
  const auto begin = static_cast<int64_t>(to->entries.size());
  for (const auto& [center, entry] : entries_) to->entries.push_back(entry);
  to->points.push_back(
      {point, members, begin, static_cast<int64_t>(to->entries.size())});
}

// The positions of equal points, in groups by their first, ascending.
std::vector<std::vector<int64_t>> EqualPoints(PointsView points,
                                              const Frontier& frontier) {
  const auto count = static_cast<int64_t>(frontier.points.size());
  std::vector<std::pair<uint64_t, int64_t>> order;
  order.reserve(frontier.points.size());
  for (int64_t at = 0; at < count; ++at) {
    order.emplace_back(HashOf(points.Point(frontier.points[at].point)), at);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::vector<int64_t>> groups;
  for (size_t o = 0; o < order.size(); ++o) {
    const int64_t at = order[o].second;
    const bool equal =
        o > 0 && order[o].first == order[o - 1].first &&
        AreEqual(points.Point(frontier.points[at].point),
                 points.Point(frontier.points[groups.back()[0]].point));
    if (!equal) groups.emplace_back();
    groups.back().push_back(at);
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

}  // namespace

DuplicateGroups JoinDuplicates(PointsView points, const AssignmentState& state,
                               Frontier* frontier) {
  Frontier joined;
  DuplicateGroups groups;
  for (const std::vector<int64_t>& positions : EqualPoints(points, *frontier)) {
    const auto add = [&](std::span<const int64_t> some) {
      const Joined group(*frontier, state, some);
      if (!group.IsSound()) return false;
      std::vector<int64_t> members;
      members.reserve(some.size());
      for (const int64_t at : some) {
        members.push_back(frontier->points[at].point);
      }
      group.AppendTo(members[0], static_cast<double>(some.size()), &joined);
      groups.push_back(std::move(members));
      return true;
    };
    if (add(positions)) continue;
    for (const int64_t at : positions) add(std::span(&at, 1));
  }
  frontier->points = std::move(joined.points);
  frontier->entries = std::move(joined.entries);
  return groups;
}

void DealFlows(const AssignmentNetwork& network, const DuplicateGroups& groups,
               AssignmentState* state) {
  const int64_t p = state->copies;
  MUSTER_CHECK(network.points().size() == groups.size());
  std::vector<int32_t> inside;
  for (size_t g = 0; g < groups.size(); ++g) {
    const NetworkPoint& point = network.points()[g];
    const std::vector<int64_t>& members = groups[g];
    inside.clear();
    for (int64_t e = point.begin; e < point.end; ++e) {
      inside.push_back(network.entries()[e].center);
    }
    // Ascending by construction. Centres outside stay, the others are dealt.
    std::vector<std::vector<int32_t>> hands(members.size());
    for (size_t m = 0; m < members.size(); ++m) {
      for (const int32_t center : ClustersOf(*state, members[m])) {
        if (!std::binary_search(inside.begin(), inside.end(), center)) {
          hands[m].push_back(center);
        }
      }
    }
    size_t next = 0;
    for (int64_t e = point.begin; e < point.end; ++e) {
      const NetworkEntry& entry = network.entries()[e];
      for (int64_t u = std::llround(entry.flow); u > 0; --u) {
        hands[next].push_back(entry.center);
        next = next + 1 == members.size() ? 0 : next + 1;
      }
    }
    for (size_t m = 0; m < members.size(); ++m) {
      MUSTER_CHECK(static_cast<int64_t>(hands[m].size()) == p);
      std::copy(hands[m].begin(), hands[m].end(),
                state->clusters.begin() + members[m] * p);
    }
  }
}

}  // namespace muster::dispatch
