#include "muster/dispatch/size_repair.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <tuple>

#include "muster/dispatch/distances.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

class Repair {
 public:
  Repair(PointsView points, PointsView centers, Objective objective,
         int64_t copies, SizeBounds sizes, std::vector<int32_t>* clusters)
      : points_(points),
        centers_(centers),
        objective_(objective),
        copies_(copies),
        lower_(sizes.lower),
        upper_(std::min(sizes.upper, points.size)),
        clusters_(*clusters),
        loads_(static_cast<size_t>(centers.size), 0) {}

  int64_t Run() {
    Fill();
    Shrink();
    Grow();
    return moves_;
  }

 private:
  struct Move {
    float cost;
    int64_t point;
    int32_t from;
    int32_t to;

    bool operator<(const Move& other) const {
      return std::tie(cost, point, from, to) <
             std::tie(other.cost, other.point, other.from, other.to);
    }
  };

  bool Holds(int64_t point, int32_t c) const {
    const auto begin = clusters_.begin() + point * copies_;
    return std::find(begin, begin + copies_, c) != begin + copies_;
  }

  // Costs of `rows` to all centres, row-major.
  std::vector<float> Costs(const std::vector<int64_t>& rows,
                           PointsView centers) const {
    std::vector<float> costs(rows.size() * static_cast<size_t>(centers.size));
    const PointSet selected = SelectPoints(points_, rows);
    if (rows.empty()) return costs;
    SquaredDistances(selected.View(), centers, costs);
    if (objective_ != Objective::kKMeans) {
      for (float& cost : costs) cost = std::sqrt(cost);
    }
    return costs;
  }

  void Replace(int64_t point, int32_t from, int32_t to) {
    const auto begin = clusters_.begin() + point * copies_;
    const auto at = std::find(begin, begin + copies_, from);
    MUSTER_CHECK(at != begin + copies_);
    *at = to;
    if (from >= 0) --loads_[from];
    ++loads_[to];
    ++moves_;
  }

  // Counts loads and sets missing copies.
  void Fill() {
    std::vector<int64_t> rows;
    for (int64_t j = 0; j < points_.size; ++j) {
      bool missing = false;
      for (int64_t r = 0; r < copies_; ++r) {
        int32_t& c = clusters_[j * copies_ + r];
        for (int64_t s = 0; s < r; ++s) {
          if (clusters_[j * copies_ + s] == c) c = -1;
        }
        if (c >= 0) {
          ++loads_[c];
        } else {
          missing = true;
        }
      }
      if (missing) rows.push_back(j);
    }
    const std::vector<float> costs = Costs(rows, centers_);
    for (size_t i = 0; i < rows.size(); ++i) {
      while (Holds(rows[i], -1)) {
        Replace(rows[i], -1, NearestFree(rows[i], &costs[i * centers_.size]));
      }
    }
  }

  // The nearest cluster that does not hold the point; one with room if any.
  int32_t NearestFree(int64_t point, const float* costs) const {
    int32_t best = -1;
    for (int32_t c = 0; c < centers_.size; ++c) {
      if (Holds(point, c)) continue;
      const bool room = loads_[c] < upper_;
      const bool best_room = best >= 0 && loads_[best] < upper_;
      if (best < 0 || (room && !best_room) ||
          (room == best_room && costs[c] < costs[best])) {
        best = c;
      }
    }
    return best;
  }

  std::vector<int64_t> MembersOf(int32_t c) const {
    std::vector<int64_t> members;
    for (int64_t j = 0; j < points_.size; ++j) {
      if (Holds(j, c)) members.push_back(j);
    }
    return members;
  }

  void Shrink() {
    for (;;) {
      const auto from = static_cast<int32_t>(
          std::max_element(loads_.begin(), loads_.end()) - loads_.begin());
      if (loads_[from] <= upper_) return;
      const std::vector<int64_t> members = MembersOf(from);
      const std::vector<float> costs = Costs(members, centers_);
      std::vector<Move> moves;
      for (size_t i = 0; i < members.size(); ++i) {
        for (int32_t to = 0; to < centers_.size; ++to) {
          if (loads_[to] >= upper_ || Holds(members[i], to)) continue;
          const float* mine = &costs[i * centers_.size];
          moves.push_back({mine[to] - mine[from], members[i], from, to});
        }
      }
      const auto wanted = [&](const Move& move) {
        return loads_[from] > upper_ && loads_[move.to] < upper_;
      };
      if (!Apply(std::move(moves), wanted)) MoveAlongPath(from, -1);
    }
  }

  void Grow() {
    for (;;) {
      const auto to = static_cast<int32_t>(
          std::min_element(loads_.begin(), loads_.end()) - loads_.begin());
      if (loads_[to] >= lower_) return;
      std::vector<int64_t> others;
      for (int64_t j = 0; j < points_.size; ++j) {
        if (!Holds(j, to)) others.push_back(j);
      }
      std::vector<Move> moves;
      const std::vector<float> target = Costs(others, centers_.Slice(to, 1));
      for (size_t i = 0; i < others.size(); ++i) {
        for (int64_t r = 0; r < copies_; ++r) {
          const int32_t from = clusters_[others[i] * copies_ + r];
          if (loads_[from] <= lower_) continue;
          const double square =
              SquaredDistance(points_.Point(others[i]), centers_.Point(from));
          const auto cost = static_cast<float>(
              objective_ == Objective::kKMeans ? square : std::sqrt(square));
          moves.push_back({target[i] - cost, others[i], from, to});
        }
      }
      const auto wanted = [&](const Move& move) {
        return loads_[to] < lower_ && loads_[move.from] > lower_;
      };
      if (!Apply(std::move(moves), wanted)) MoveAlongPath(-1, to);
    }
  }

  // Makes the cheapest moves that are still wanted and possible when their
  // turn comes; false if none was.
  template <typename Wanted>
  bool Apply(std::vector<Move> moves, const Wanted& wanted) {
    std::sort(moves.begin(), moves.end());
    bool any = false;
    for (const Move& move : moves) {
      if (!wanted(move) || !Holds(move.point, move.from) ||
          Holds(move.point, move.to)) {
        continue;
      }
      Replace(move.point, move.from, move.to);
      any = true;
    }
    return any;
  }

  // One copy from `from` (-1: from any cluster above a) to `to` (-1: to any
  // with room), along a path of fewest clusters.
  void MoveAlongPath(int32_t from, int32_t to) {
    const int64_t k = centers_.size;
    // by[i * k + i2]: a point in i and not in i2, or -1.
    std::vector<int64_t> by(static_cast<size_t>(k * k), -1);
    for (int64_t j = 0; j < points_.size; ++j) {
      for (int64_t r = 0; r < copies_; ++r) {
        const int32_t i = clusters_[j * copies_ + r];
        for (int32_t other = 0; other < k; ++other) {
          int64_t& point = by[i * k + other];
          if (point < 0 && !Holds(j, other)) point = j;
        }
      }
    }
    std::vector<int32_t> parent(static_cast<size_t>(k), -2);
    std::deque<int32_t> queue;
    for (int32_t c = 0; c < k; ++c) {
      if (from < 0 ? loads_[c] > lower_ : c == from) {
        parent[c] = -1;
        queue.push_back(c);
      }
    }
    int32_t end = -1;
    while (!queue.empty() && end < 0) {
      const int32_t i = queue.front();
      queue.pop_front();
      for (int32_t other = 0; other < k && end < 0; ++other) {
        if (parent[other] != -2 || by[i * k + other] < 0) continue;
        parent[other] = i;
        queue.push_back(other);
        if (to < 0 ? loads_[other] < upper_ : other == to) end = other;
      }
    }
    // The residual graph of a feasible transport problem has such a path.
    MUSTER_CHECK(end >= 0);
    for (int32_t c = end; parent[c] >= 0; c = parent[c]) {
      Replace(by[parent[c] * k + c], parent[c], c);
    }
  }

  PointsView points_, centers_;
  Objective objective_;
  int64_t copies_, lower_, upper_;
  std::vector<int32_t>& clusters_;
  std::vector<int64_t> loads_;
  int64_t moves_ = 0;
};

}  // namespace

int64_t RepairSizes(PointsView points, PointsView centers, Objective objective,
                    int64_t copies, SizeBounds sizes,
                    std::vector<int32_t>* clusters) {
  MUSTER_CHECK(ValidateFeasible(points.size, centers.size, copies, sizes).ok());
  MUSTER_CHECK(static_cast<int64_t>(clusters->size()) == points.size * copies);
  return Repair(points, centers, objective, copies, sizes, clusters).Run();
}

}  // namespace muster::dispatch
