#ifndef MUSTER_DISPATCH_LLOYD_BLOCK_H_
#define MUSTER_DISPATCH_LLOYD_BLOCK_H_

// The scoring of some points against the groups of centres that their bounds
// leave open. Internal to lloyd.cc.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/lloyd_assigner.h"
#include "muster/dispatch/packed_centers.h"

namespace muster::dispatch {

// Factors that more than make up for a rounding or two of a bound, and what
// does so below the normal range.
inline constexpr float kBoundUp = 1 + 0x1p-22F;
inline constexpr float kBoundDown = 1 - 0x1p-22F;
inline constexpr float kBoundTiny = 1e-37F;

inline float BoundUp(double value) {
  return static_cast<float>(value) * kBoundUp + kBoundTiny;
}
inline float BoundDown(double value) {
  return std::max(0.0F, static_cast<float>(value) * kBoundDown - kBoundTiny);
}

// The groups of one block of points that have to be scored.
class LloydBlock {
 public:
  // Points that are scored together at most.
  static constexpr int64_t kRows = 240;

  // For centres packed in the order of the assigner's slots.
  LloydBlock(const LloydAssigner& owner, const PackedCenters& packed);

  int64_t pairs() const { return pairs_; }

  // Scores what `points` (at most kRows) need, given their bounds, and sets
  // their assignments and bounds.
  void Score(std::span<const int32_t> points, int32_t* assignment, float* upper,
             float* lower);

 private:
  struct Candidate {
    float score;
    int32_t slot;
  };
  struct Row {
    const float* x = nullptr;
    bool in_range = true;
    int32_t own_slot = -1;  // of the centre that it has
    double square = 0;      // |x'|^2, rounded up
    float upper = 0;        // of the least distance so far
    float threshold = 0;
    std::vector<Candidate> candidates = {};
  };

  void Load(int64_t i, int64_t size, int32_t point, int32_t own, float upper);
  void ScoreGroup(int64_t g, std::span<const int32_t> rows);
  void Take(Row& row, int64_t g, int64_t i, const float* scores);
  int32_t Decide(Row& row, float* score);
  void Settle(int64_t i, int32_t before, int32_t* assignment, float* upper,
              float* lower);
  int32_t DecideWithoutScores(const Row& row) const;
  double UpperScore(const Row& row, float score, int32_t slot) const;

  const LloydAssigner& owner_;
  const PackedCenters& packed_;  // centres by slot
  int64_t dimension_, pieces_, groups_;
  int64_t width_ = 0;
  std::vector<float> centered_;  // rows of x'
  std::vector<float> tiles_;
  std::vector<int32_t> tiled_;         // the rows that are in tiles_
  std::vector<float> first_, second_;  // rows x groups: two least scores; NaN
  std::vector<float> scores_;
  std::vector<int32_t> positions_;
  std::vector<Row> rows_;
  int64_t pairs_ = 0;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_LLOYD_BLOCK_H_
