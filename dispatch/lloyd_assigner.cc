#include "muster/dispatch/lloyd_assigner.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "muster/dispatch/lloyd_block.h"
#include "muster/dispatch/score_kernel.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 4096;
// Open points of a block whose upper bounds are measured anew before it is
// decided whether that pays.
constexpr int64_t kProbe = 256;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Moves the bounds of `size` points with the centres; lists those that may have
// another nearest centre now, with their least lower bound.
MUSTER_VECTORIZE_CLONES int64_t
MoveBounds(const int32_t* assignment, const float* drift, const float* half_gap,
           const float* group_drift, int64_t groups, int64_t size, float* upper,
           float* lower, int32_t* open, float* least) {
  int64_t count = 0;
  for (int64_t i = 0; i < size; ++i) {
    const int32_t mine = assignment[i];
    const float up = (upper[i] + drift[mine]) * kBoundUp + kBoundTiny;
    float* low = lower + i * groups;
    float smallest = kInfinity;
    for (int64_t g = 0; g < groups; ++g) {
      float moved = (low[g] - group_drift[g]) * kBoundDown - kBoundTiny;
      moved = moved > 0 ? moved : 0;
      low[g] = moved;
      smallest = moved < smallest ? moved : smallest;
    }
    upper[i] = up;
    smallest = smallest > half_gap[mine] ? smallest : half_gap[mine];
    open[count] = static_cast<int32_t>(i);
    least[count] = smallest;
    count += static_cast<int64_t>(!(up < smallest));
  }
  return count;
}

// |x - y|^2 by 16 sums in float: d / 16 + 18 roundings at most.
MUSTER_VECTORIZE_CLONES float LaneSquare(const float* x, const float* y,
                                         int64_t dimension) {
  float lanes[16] = {};
  int64_t m = 0;
  for (; m + 16 <= dimension; m += 16) {
    for (int l = 0; l < 16; ++l) {
      const float difference = x[m + l] - y[m + l];
      lanes[l] += difference * difference;
    }
  }
  float sum = 0;
  for (; m < dimension; ++m) {
    const float difference = x[m] - y[m];
    sum += difference * difference;
  }
  for (int width = 8; width >= 1; width /= 2) {
    for (int l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  }
  return sum + lanes[0];
}

float UpperDistance(const float* x, const float* y, int64_t dimension) {
  const float roundings = static_cast<float>(dimension) / 16 + 41;
  const float square = LaneSquare(x, y, dimension);
  return BoundUp(std::sqrt(square * (1 + 0x1p-23F * roundings)) + 1e-19F);
}

}  // namespace

LloydAssigner::LloydAssigner(PointsView points, PointsView centers,
                             int64_t group_size)
    : points_(points),
      num_centers_(centers.size),
      keep_bounds_(group_size > 0),
      assignment_(static_cast<size_t>(points.size), -1),
      upper_(static_cast<size_t>(points.size), kInfinity) {
  MakeGroups(centers, keep_bounds_ ? group_size : centers.size);
  lower_.assign(static_cast<size_t>(points.size) * (group_begin_.size() - 1),
                0.0F);
}

// Halves sets of centres across the coordinate of largest range until they fit
// a group.
void LloydAssigner::MakeGroups(PointsView centers, int64_t group_size) {
  const int64_t k = centers.size;
  MUSTER_CHECK(group_size >= k || group_size % kPanelLanes == 0);
  center_of_slot_.resize(static_cast<size_t>(k));
  std::iota(center_of_slot_.begin(), center_of_slot_.end(), 0);
  std::vector<std::pair<int64_t, int64_t>> open = {{0, k}};
  while (!open.empty()) {
    const auto [begin, end] = open.back();
    open.pop_back();
    const int64_t parts = (end - begin + group_size - 1) / group_size;
    if (parts <= 1) {
      group_begin_.push_back(begin);
      continue;
    }
    int64_t widest = 0;
    float range = -1;
    for (int64_t m = 0; m < centers.dimension; ++m) {
      float low = kInfinity, high = -kInfinity;
      for (int64_t s = begin; s < end; ++s) {
        const float value = centers.Point(center_of_slot_[s])[m];
        low = std::min(low, value);
        high = std::max(high, value);
      }
      if (high - low > range) {
        range = high - low;
        widest = m;
      }
    }
    const int64_t middle = begin + parts / 2 * group_size;
    std::nth_element(center_of_slot_.begin() + begin,
                     center_of_slot_.begin() + middle,
                     center_of_slot_.begin() + end, [&](int32_t a, int32_t b) {
                       return std::pair(centers.Point(a)[widest], a) <
                              std::pair(centers.Point(b)[widest], b);
                     });
    open.emplace_back(begin, middle);
    open.emplace_back(middle, end);
  }
  std::sort(group_begin_.begin(), group_begin_.end());
  group_begin_.push_back(k);
  slot_of_center_.resize(static_cast<size_t>(k));
  group_of_center_.resize(static_cast<size_t>(k));
  int32_t group = 0;
  for (int64_t s = 0; s < k; ++s) {
    while (s >= group_begin_[group + 1]) ++group;
    slot_of_center_[center_of_slot_[s]] = static_cast<int32_t>(s);
    group_of_center_[center_of_slot_[s]] = group;
  }
}

void LloydAssigner::MeasureDrift(PointsView centers) {
  drift_.assign(static_cast<size_t>(num_centers_), 0.0F);
  group_drift_.assign(group_begin_.size() - 1, 0.0F);
  if (previous_.values.empty()) return;
  for (int64_t c = 0; c < num_centers_; ++c) {
    const double square = SquaredDistance(centers.Point(c), previous_.Point(c));
    drift_[c] = square == 0 ? 0.0F : BoundUp(std::sqrt(square) * (1 + 1e-9));
    float& most = group_drift_[group_of_center_[c]];
    most = std::max(most, drift_[c]);
  }
}

void LloydAssigner::MeasureSeparation(const PackedCenters& packed,
                                      const runtime::Runtime& runtime) {
  half_gap_.assign(static_cast<size_t>(num_centers_), 0.0F);
  const auto blocks = runtime::CutBlocks(num_centers_, LloydBlock::kRows);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        std::vector<int32_t> rows(static_cast<size_t>(block.size()));
        std::iota(rows.begin(), rows.end(), static_cast<int32_t>(block.begin));
        std::vector<NearestTwo> two(rows.size());
        packed.NearestTwoOf(packed.centers(), rows, two);
        for (size_t i = 0; i < rows.size(); ++i) {
          // Of two equal centres one finds the other: no gap.
          if (two[i].nearest == rows[i] && two[i].lower < kInfinity) {
            half_gap_[center_of_slot_[rows[i]]] = BoundDown(two[i].lower / 2);
          }
        }
      });
}

std::vector<LloydAssigner::Change> LloydAssigner::Assign(
    PointsView centers, const runtime::Runtime& runtime) {
  MUSTER_CHECK(centers.size == num_centers_);
  std::vector<int64_t> order(center_of_slot_.begin(), center_of_slot_.end());
  const PackedCenters packed(SelectPoints(centers, order).View());
  MeasureDrift(centers);
  const bool first = previous_.values.empty();
  const bool prune = keep_bounds_ && !first && packed.in_range_;
  if (prune) MeasureSeparation(packed, runtime);
  previous_.dimension = centers.dimension;
  previous_.values.assign(centers.values,
                          centers.values + centers.size * centers.dimension);

  const auto blocks = runtime::CutBlocks(points_.size, kPointsPerBlock);
  struct Slot {
    std::vector<Change> changes;
    int64_t pairs = 0;
  };
  std::vector<Slot> slots =
      runtime::MapBlocks(runtime, blocks, [&](int64_t, runtime::Block block) {
        Slot slot;
        slot.changes = AssignBlock(block, centers, prune, packed, &slot.pairs);
        return slot;
      });
  std::vector<Change> changes;
  for (const Slot& slot : slots) {
    changes.insert(changes.end(), slot.changes.begin(), slot.changes.end());
    pairs_ += slot.pairs;
  }
  return changes;
}

// The points of a block that its bounds leave open, some at a time: a point is
// looked at just before it is scored, while it is in the cache.
class LloydAssigner::OpenPoints {
 public:
  // Moves the bounds with the centres, or, not to prune, opens all.
  OpenPoints(LloydAssigner* owner, runtime::Block block, PointsView centers,
             bool prune)
      : owner_(*owner),
        centers_(centers),
        groups_(static_cast<int64_t>(owner->group_begin_.size()) - 1),
        look_(prune),
        open_(static_cast<size_t>(block.size())) {
    float* upper = owner_.upper_.data() + block.begin;
    float* lower = owner_.lower_.data() + block.begin * groups_;
    if (prune) {
      least_.resize(open_.size());
      open_.resize(static_cast<size_t>(MoveBounds(
          owner_.assignment_.data() + block.begin, owner_.drift_.data(),
          owner_.half_gap_.data(), owner_.group_drift_.data(), groups_,
          block.size(), upper, lower, open_.data(), least_.data())));
    } else {
      std::iota(open_.begin(), open_.end(), 0);
      std::fill_n(upper, block.size(), kInfinity);
      std::fill_n(lower, block.size() * groups_, 0.0F);
    }
    for (int32_t& point : open_) point += static_cast<int32_t>(block.begin);
  }

  // The next points that have to be scored, LloydBlock::kRows at most; none at
  // the end.
  std::span<const int32_t> Next() {
    rows_.clear();
    for (; next_ < open_.size() &&
           static_cast<int64_t>(rows_.size()) < LloydBlock::kRows;
         ++next_) {
      if (const size_t ahead = next_ + PointsView::kPrefetchAhead;
          ahead < open_.size()) {
        owner_.points_.Prefetch(open_[ahead]);
      }
      if (!IsSettled()) rows_.push_back(open_[next_]);
    }
    return rows_;
  }

 private:
  // Whether the distance to its own centre settles the next point.
  bool IsSettled() {
    // A look costs about an eighth of scoring a hundred centres. Where it
    // settles fewer points than that, the others are scored unseen.
    const auto looked = static_cast<int64_t>(next_);
    if (groups_ == 1 && looked == kProbe && 8 * settled_ < looked) {
      look_ = false;
    }
    if (!look_) return false;
    const int32_t j = open_[next_];
    const float upper = UpperDistance(
        owner_.points_.Point(j).data(),
        centers_.Point(owner_.assignment_[j]).data(), centers_.dimension);
    owner_.upper_[j] = std::min(owner_.upper_[j], upper);
    const bool settled = owner_.upper_[j] < least_[next_];
    settled_ += static_cast<int64_t>(settled);
    return settled;
  }

  LloydAssigner& owner_;
  PointsView centers_;
  int64_t groups_;
  bool look_;
  std::vector<int32_t> open_;
  std::vector<float> least_;  // of open_[i]: the least lower bound
  size_t next_ = 0;
  int64_t settled_ = 0;  // by looks at the first next_
  std::vector<int32_t> rows_;
};

std::vector<LloydAssigner::Change> LloydAssigner::AssignBlock(
    runtime::Block block, PointsView centers, bool prune,
    const PackedCenters& packed, int64_t* pairs) {
  std::vector<Change> changes;
  std::vector<int32_t> before;
  OpenPoints open(this, block, centers, prune);
  LloydBlock search(*this, packed);
  for (std::span<const int32_t> rows = open.Next(); !rows.empty();
       rows = open.Next()) {
    before.clear();
    for (const int32_t j : rows) before.push_back(assignment_[j]);
    search.Score(rows, assignment_.data(), upper_.data(), lower_.data());
    for (size_t i = 0; i < rows.size(); ++i) {
      const int32_t now = assignment_[rows[i]];
      if (now != before[i]) changes.push_back({rows[i], before[i], now});
    }
  }
  *pairs = search.pairs();
  return changes;
}

void LloydAssigner::Move(int32_t point, int32_t to) {
  const auto groups = static_cast<int64_t>(group_begin_.size()) - 1;
  assignment_[point] = to;
  upper_[point] = kInfinity;
  std::fill_n(lower_.data() + point * groups, groups, 0.0F);
}

}  // namespace muster::dispatch
