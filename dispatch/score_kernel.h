#ifndef MUSTER_DISPATCH_SCORE_KERNEL_H_
#define MUSTER_DISPATCH_SCORE_KERNEL_H_

// The inner loops of distances.h and packed_centers.h: some points against
// centres packed in panels of 16 lanes.
//
//   panel q, coordinate m, lane l = coordinate m of centre 16 q + l
//
// Scores: bias_c - <x, c> in float, by the widest multiply-add that the
// processor has. The bits differ between machines, by no more than
// ScoreRoundings(d) roundings of each term: callers use scores to select
// candidates only.
//
// Squared distances: sum_m (x_m - c_m)^2 in float, a subtraction, a product and
// an addition for each coordinate in order: the same bits on every machine.
//
// Internal to the package.

#include <array>
#include <cstdint>

namespace muster::dispatch {

inline constexpr int64_t kPanelLanes = 16;
// One coordinate of a panel's centres.
struct alignas(64) PanelRow {
  std::array<float, kPanelLanes> lanes = {};
};

// A tile holds up to 12 points, by pieces of 64 coordinates:
// tile[(m / 64) * 64 rows + i * 64 + m % 64] = coordinate m of point i.
inline constexpr int64_t kTileRows = 12;
inline constexpr int64_t kTilePiece = 64;
// The rows that a tile of `count` (1 .. 12) points is padded to: 1, 2, 4, 8,
// 12. Padding rows must be zero or any finite values.
int64_t PaddedTileRows(int64_t count);

// Roundings in the sum of one score, those of the final bias included.
int64_t ScoreRoundings(int64_t dimension);

// scores[i * stride + 16 q + l] = bias[q].lanes[l] - <tile row i, centre>, for
// i < rows (a value of PaddedTileRows) and q < num_panels; panel q at
// panels[q * dimension]. Lanes of infinite bias are padding, after all others
// of the last panel; their scores are infinite.
void ComputeScores(const float* tile, int64_t rows, int64_t dimension,
                   const PanelRow* panels, const PanelRow* bias,
                   int64_t num_panels, float* scores, int64_t stride);

// The same by the baseline instructions alone, so that a test on a newer
// machine reaches them.
void ComputeScoresBaseline(const float* tile, int64_t rows, int64_t dimension,
                           const PanelRow* panels, const PanelRow* bias,
                           int64_t num_panels, float* scores, int64_t stride);

// Scans of `size` scores (a multiple of 16; none NaN).

// The least.
float LeastScore(const float* scores, int64_t size);
// The two least; *second is infinite where there is one score only.
void LeastTwoScores(const float* scores, int64_t size, float* first,
                    float* second);
// least[l] = the least score of the positions i with i % 16 = l.
void LeastByLane(const float* scores, int64_t size, float* least);
// The positions of scores <= threshold, ascending, into `positions` (room for
// `size`); returns how many.
int64_t ScoresUpTo(const float* scores, int64_t size, float threshold,
                   int32_t* positions);

// distances[i * num_centers + c] = the squared distance of point i (row-major
// at points, without gaps) and centre c, in float.
void ComputeSquaredDistances(const float* points, int64_t num_points,
                             int64_t dimension, const PanelRow* panels,
                             int64_t num_centers, float* distances);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_SCORE_KERNEL_H_
