#include "muster/dispatch/lloyd_block.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "muster/dispatch/score_kernel.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Bounds of the square root (0 for negative values). The bound's margin of four
// roundings covers the two of a float root.
float RootUp(double square) {
  return BoundUp(std::sqrt(static_cast<float>(std::max(0.0, square))) + 1e-22F);
}
float RootDown(double square) {
  return BoundDown(std::sqrt(static_cast<float>(std::max(0.0, square))) -
                   1e-22F);
}

// A float above `value`, of either sign.
float JustAbove(double value) {
  return static_cast<float>(value + std::abs(value) * 0x1p-22) + kBoundTiny;
}

}  // namespace

LloydBlock::LloydBlock(const LloydAssigner& owner, const PackedCenters& packed)
    : owner_(owner),
      packed_(packed),
      dimension_(packed.dimension()),
      pieces_((dimension_ + kTilePiece - 1) / kTilePiece),
      groups_(static_cast<int64_t>(owner.group_begin_.size()) - 1),
      centered_(static_cast<size_t>(kRows * pieces_ * kTilePiece)),
      tiles_(centered_.size() +
             static_cast<size_t>(kTileRows * pieces_ * kTilePiece)),
      first_(static_cast<size_t>(kRows * groups_)),
      second_(first_.size()),
      rows_(kRows) {
  int64_t widest = 0;
  for (int64_t g = 0; g < groups_; ++g) {
    widest =
        std::max(widest, owner.group_begin_[g + 1] - owner.group_begin_[g]);
  }
  width_ = (widest + kPanelLanes - 1) / kPanelLanes * kPanelLanes;
  scores_.resize(static_cast<size_t>(kTileRows * width_));
  positions_.resize(static_cast<size_t>(width_));
}

double LloydBlock::UpperScore(const Row& row, float score, int32_t slot) const {
  return static_cast<double>(score) + packed_.kappa_ * row.square +
         packed_.slack_[slot];
}

void LloydBlock::Load(int64_t i, int64_t size, int32_t point, int32_t own,
                      float upper) {
  Row& row = rows_[i];
  row.x = owner_.points_.Point(point).data();
  row.candidates.clear();
  if (groups_ == 1) {
    // Straight into the tile that will be scored.
    const int64_t begin = i / kTileRows * kTileRows;
    const int64_t padded = PaddedTileRows(std::min(kTileRows, size - begin));
    row.square = packed_.CenterPoint(
        row.x,
        tiles_.data() + begin * pieces_ * kTilePiece + (i - begin) * kTilePiece,
        padded * kTilePiece);
  } else {
    row.square = packed_.CenterPoint(
        row.x, centered_.data() + i * pieces_ * kTilePiece, kTilePiece);
  }
  row.in_range = packed_.InRange(row.square);
  row.upper = upper;
  row.own_slot = own < 0 ? -1 : owner_.slot_of_center_[own];
  // Scores above this belong to distances above `upper`.
  const double reach = static_cast<double>(upper) * upper;
  const double threshold =
      (reach - row.square + packed_.NormError(row.square)) / 2 -
      packed_.shift_ + packed_.kappa_ * row.square;
  row.threshold = upper == kInfinity ? kInfinity : JustAbove(threshold);
}

void LloydBlock::ScoreGroup(int64_t g, std::span<const int32_t> rows) {
  const int64_t row_floats = pieces_ * kTilePiece;
  if (!std::equal(rows.begin(), rows.end(), tiled_.begin(), tiled_.end())) {
    tiled_.assign(rows.begin(), rows.end());
    for (size_t begin = 0; begin < rows.size(); begin += kTileRows) {
      const auto count = static_cast<int64_t>(
          std::min<size_t>(kTileRows, rows.size() - begin));
      const int64_t padded = PaddedTileRows(count);
      float* tile = tiles_.data() + static_cast<int64_t>(begin) * row_floats;
      for (int64_t r = 0; r < padded; ++r) {
        // Padding: any finite values; the last row's.
        const float* x = centered_.data() +
                         rows[begin + std::min(r, count - 1)] * row_floats;
        for (int64_t m = 0; m < dimension_; m += kTilePiece) {
          std::copy_n(x + m, kTilePiece, tile + m * padded + r * kTilePiece);
        }
      }
    }
  }
  const int64_t slot = owner_.group_begin_[g];
  const int64_t size = owner_.group_begin_[g + 1] - slot;
  const int64_t panels = (size + kPanelLanes - 1) / kPanelLanes;
  for (size_t begin = 0; begin < rows.size(); begin += kTileRows) {
    const auto count =
        static_cast<int64_t>(std::min<size_t>(kTileRows, rows.size() - begin));
    ComputeScores(tiles_.data() + static_cast<int64_t>(begin) * row_floats,
                  PaddedTileRows(count), dimension_,
                  packed_.panels_.data() + slot / kPanelLanes * dimension_,
                  packed_.bias_.data() + slot / kPanelLanes, panels,
                  scores_.data(), width_);
    pairs_ += count * size;
    for (int64_t r = 0; r < count; ++r) {
      const int32_t i = rows[begin + r];
      if (rows_[i].in_range) Take(rows_[i], g, i, scores_.data() + r * width_);
    }
  }
}

// Takes in the scores of group g for row i.
void LloydBlock::Take(Row& row, int64_t g, int64_t i, const float* scores) {
  const int64_t slot = owner_.group_begin_[g];
  const int64_t size = owner_.group_begin_[g + 1] - slot;
  const int64_t padded = (size + kPanelLanes - 1) / kPanelLanes * kPanelLanes;
  float first = 0, second = 0;
  LeastTwoScores(scores, padded, &first, &second);
  first_[i * groups_ + g] = first;
  second_[i * groups_ + g] = second;
  if (!(first <= row.threshold)) return;
  if (row.own_slot >= slot && row.own_slot < slot + size &&
      scores[row.own_slot - slot] == first &&
      static_cast<double>(second) > UpperScore(row, first, row.own_slot)) {
    // Nothing else in this group can be nearer than the centre it has.
    row.threshold = std::min(row.threshold,
                             JustAbove(UpperScore(row, first, row.own_slot)));
    row.candidates.push_back({first, row.own_slot});
    return;
  }
  const double loose = static_cast<double>(first) +
                       packed_.kappa_ * row.square + packed_.max_slack_;
  row.threshold = std::min(row.threshold, JustAbove(loose));
  const int64_t found =
      ScoresUpTo(scores, padded, row.threshold, positions_.data());
  for (int64_t f = 0; f < found && positions_[f] < size; ++f) {
    row.candidates.push_back(
        {scores[positions_[f]], static_cast<int32_t>(slot) + positions_[f]});
  }
  if (groups_ > 1) {
    // The least distance so far, for the groups to come.
    const double square = row.square + packed_.NormError(row.square) +
                          2 * (packed_.shift_ + loose);
    row.upper = std::min(row.upper, RootUp(square));
  }
}

int32_t LloydBlock::DecideWithoutScores(const Row& row) const {
  int32_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  const std::span<const float> x(row.x, static_cast<size_t>(dimension_));
  for (int32_t c = 0; c < owner_.num_centers_; ++c) {
    const double square =
        SquaredDistance(x, packed_.centers().Point(owner_.slot_of_center_[c]));
    if (square < least) {
      least = square;
      best = c;
    }
  }
  return best;
}

// The nearest centre of a row, exact; its score.
int32_t LloydBlock::Decide(Row& row, float* score) {
  if (row.candidates.size() == 1) {
    *score = row.candidates.front().score;
    return owner_.center_of_slot_[row.candidates.front().slot];
  }
  double limit = std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : row.candidates) {
    limit = std::min(limit, UpperScore(row, candidate.score, candidate.slot));
  }
  std::erase_if(row.candidates, [&](const Candidate& candidate) {
    return static_cast<double>(candidate.score) > limit;
  });
  MUSTER_CHECK(!row.candidates.empty());
  const Candidate* best = &row.candidates.front();
  if (row.candidates.size() > 1) {
    const std::span<const float> x(row.x, static_cast<size_t>(dimension_));
    std::pair<double, int32_t> least;
    for (const Candidate& candidate : row.candidates) {
      const std::pair<double, int32_t> cost = {
          SquaredDistance(x, packed_.centers().Point(candidate.slot)),
          owner_.center_of_slot_[candidate.slot]};
      if (&candidate == best || cost < least) {
        least = cost;
        best = &candidate;
      }
    }
  }
  *score = best->score;
  return owner_.center_of_slot_[best->slot];
}

// Sets row i's centre and bounds from its scores.
void LloydBlock::Settle(int64_t i, int32_t before, int32_t* assignment,
                        float* upper, float* lower) {
  Row& row = rows_[i];
  if (!row.in_range) {
    *assignment = DecideWithoutScores(row);
    *upper = kInfinity;
    std::fill_n(lower, groups_, 0.0F);
    return;
  }
  float score = 0;
  *assignment = Decide(row, &score);
  const double base = row.square + 2 * packed_.shift_;
  const double error = packed_.NormError(row.square);
  const int32_t slot = owner_.slot_of_center_[*assignment];
  const double square = base + error + 2.0 * score + 2 * packed_.slack_[slot];
  const float scored = RootUp(square);
  *upper = *assignment == before ? std::min(*upper, scored) : scored;
  const int32_t mine = owner_.group_of_center_[*assignment];
  for (int64_t g = 0; g < groups_; ++g) {
    const float first = first_[i * groups_ + g];
    if (std::isnan(first)) continue;
    const float other =
        g == mine && score == first ? second_[i * groups_ + g] : first;
    lower[g] = RootDown(base - error + 2.0 * other);
  }
}

void LloydBlock::Score(std::span<const int32_t> points, int32_t* assignment,
                       float* upper, float* lower) {
  const auto size = static_cast<int64_t>(points.size());
  for (int64_t i = 0; i < size; ++i) {
    const int32_t j = points[i];
    Load(i, size, j, assignment[j], upper[j]);
  }
  std::fill(first_.begin(), first_.begin() + size * groups_,
            std::numeric_limits<float>::quiet_NaN());
  tiled_.clear();
  std::vector<int32_t> rows;
  if (groups_ == 1) {
    rows.resize(points.size());
    std::iota(rows.begin(), rows.end(), 0);
    tiled_ = rows;
    ScoreGroup(0, rows);
  }
  for (int64_t g = 0; g < groups_ && groups_ > 1; ++g) {
    rows.clear();
    for (int64_t i = 0; i < size; ++i) {
      const int32_t j = points[i];
      // The group of its own centre always: the centre is a candidate.
      const bool own =
          assignment[j] >= 0 && owner_.group_of_center_[assignment[j]] == g;
      if (rows_[i].in_range &&
          (own || !(rows_[i].upper < lower[j * groups_ + g]))) {
        rows.push_back(static_cast<int32_t>(i));
      }
    }
    if (!rows.empty()) ScoreGroup(g, rows);
  }
  for (int64_t i = 0; i < size; ++i) {
    const int32_t j = points[i];
    Settle(i, assignment[j], assignment + j, upper + j, lower + j * groups_);
  }
}

}  // namespace muster::dispatch
