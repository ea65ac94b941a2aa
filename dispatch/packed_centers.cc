#include "muster/dispatch/packed_centers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Squared norms up to this keep every product and sum far from overflow.
constexpr double kLargestSquare = 1e36;
// A tile set of a block and a run of panels, in bytes, that share a
// second-level cache.
constexpr int64_t kBlockBytes = int64_t{1} << 18;

// The least float >= value.
float RoundUp(double value) {
  const auto rounded = static_cast<float>(value);
  return static_cast<double>(rounded) < value
             ? std::nextafter(rounded, kInfinity)
             : rounded;
}

// result[m] = x[m] - mean[m]; the sum of squares, by 16 lanes.
MUSTER_VECTORIZE_CLONES float Center(const float* x, const float* mean,
                                     int64_t dimension, float* result) {
  float lanes[16] = {};
  int64_t m = 0;
  for (; m + 16 <= dimension; m += 16) {
    for (int l = 0; l < 16; ++l) {
      const float value = x[m + l] - mean[m + l];
      result[m + l] = value;
      lanes[l] += value * value;
    }
  }
  float sum = 0;
  for (; m < dimension; ++m) {
    const float value = x[m] - mean[m];
    result[m] = value;
    sum += value * value;
  }
  for (const float lane : lanes) sum += lane;
  return sum;
}

// The sum of Center over the pieces of d coordinates, rounded up. It has few
// roundings in a row: 64 / 16, and one for each lane and piece.
double RoundSquareUp(float square, int64_t d) {
  const int64_t pieces = (d + kTilePiece - 1) / kTilePiece;
  return static_cast<double>(square) *
             (1 + 0x1p-23 * static_cast<double>(24 + pieces)) +
         0x1p-140 * static_cast<double>(d);
}

// Rows of a block: enough to use each panel many times, within the cache.
int64_t BlockRows(int64_t dimension) {
  const int64_t bytes = dimension * static_cast<int64_t>(sizeof(float));
  return std::clamp<int64_t>(kBlockBytes / bytes / kTileRows, 4, 20) *
         kTileRows;
}

// Panels of a run: an even number.
int64_t RunPanels(int64_t dimension) {
  const int64_t bytes = dimension * static_cast<int64_t>(sizeof(PanelRow));
  return std::clamp<int64_t>(kBlockBytes / bytes / 2, 1, 16) * 2;
}

}  // namespace

PackedCenters::PackedCenters(PointsView centers,
                             std::span<const double> offsets)
    : offsets_(offsets.begin(), offsets.end()) {
  const int64_t k = centers.size, d = centers.dimension;
  MUSTER_CHECK(k >= 1 && d >= 1);
  MUSTER_CHECK(offsets.empty() || static_cast<int64_t>(offsets.size()) == k);
  centers_.dimension = d;
  centers_.values.assign(centers.values, centers.values + k * d);

  std::vector<double> sums(static_cast<size_t>(d), 0.0);
  for (int64_t c = 0; c < k; ++c) {
    for (int64_t m = 0; m < d; ++m) sums[m] += centers.values[c * d + m];
  }
  mean_.reserve(static_cast<size_t>(d));
  for (const double sum : sums) {
    mean_.push_back(static_cast<float>(sum / static_cast<double>(k)));
  }

  const double u = 0x1p-24;
  // Six more: two for rounding x' and c', the rest for the sum of bias and
  // product, the definition's own roundings and a margin.
  kappa_ = 1.01 * u * static_cast<double>(ScoreRoundings(d) + 6);
  const double underflow = 0x1p-148 * static_cast<double>(d);
  const int64_t num_panels = (k + kPanelLanes - 1) / kPanelLanes;
  panels_.resize(static_cast<size_t>(num_panels * d));
  std::vector<double> bias(static_cast<size_t>(k));
  std::vector<double> squares(static_cast<size_t>(k), 0.0);
  for (int64_t c = 0; c < k; ++c) {
    for (int64_t m = 0; m < d; ++m) {
      const double exact =
          static_cast<double>(centers.values[c * d + m]) - mean_[m];
      panels_[c / kPanelLanes * d + m].lanes[c % kPanelLanes] =
          static_cast<float>(exact);
      squares[c] += exact * exact;
    }
    bias[c] = (squares[c] - (offsets.empty() ? 0.0 : offsets[c])) / 2;
    in_range_ = in_range_ && squares[c] < kLargestSquare &&
                std::abs(bias[c]) < kLargestSquare;
  }
  // A common term of all costs: without it, large offsets would cost digits.
  std::vector<double> sorted = bias;
  std::nth_element(sorted.begin(), sorted.begin() + k / 2, sorted.end());
  shift_ = sorted[k / 2];

  PanelRow padding;
  padding.lanes.fill(kInfinity);
  bias_.assign(static_cast<size_t>(num_panels), padding);
  slack_.resize(static_cast<size_t>(k));
  for (int64_t c = 0; c < k; ++c) {
    const double offset = offsets.empty() ? 0.0 : std::abs(offsets[c]);
    const double rounding =
        1.01 * u * (5 + static_cast<double>(d) / 512) *
            (std::abs(bias[c] - shift_) + kappa_ * squares[c]) +
        0x1p-50 * (offset + std::abs(shift_)) + underflow;
    const double below = kappa_ / 2 * squares[c] + rounding;
    bias_[c / kPanelLanes].lanes[c % kPanelLanes] =
        static_cast<float>(bias[c] - shift_ - below);
    slack_[c] = 2 * below;
    max_slack_ = std::max(max_slack_, slack_[c]);
  }
}

double PackedCenters::ExactCost(std::span<const float> x,
                                int32_t center) const {
  const double square = SquaredDistance(x, centers_.Point(center));
  return offsets_.empty() ? square : square - offsets_[center];
}

double PackedCenters::CenterPoint(const float* x, float* centered,
                                  int64_t stride) const {
  const int64_t d = dimension();
  float square = 0;
  for (int64_t m = 0; m < d; m += kTilePiece) {
    square += Center(x + m, mean_.data() + m, std::min(kTilePiece, d - m),
                     centered + m / kTilePiece * stride);
  }
  return RoundSquareUp(square, d);
}

double PackedCenters::NormError(double square) const {
  const auto d = static_cast<double>(dimension());
  return square * (kappa_ + 0x1p-21 * (27 + d / kTilePiece)) + 0x1p-138 * d;
}

bool PackedCenters::InRange(double square) const {
  return in_range_ && square < kLargestSquare;
}

// Works through blocks of points: tiles, scores, candidates.
class CenterSearch {
 public:
  CenterSearch(const PackedCenters& centers, int64_t count, bool two)
      : centers_(centers),
        count_(count),
        two_(two),
        num_panels_(static_cast<int64_t>(centers.bias_.size())),
        run_panels_(std::min(num_panels_, RunPanels(centers.dimension()))),
        block_rows_(BlockRows(centers.dimension())),
        single_(run_panels_ == num_panels_) {
    const int64_t d = centers.dimension();
    const int64_t pieces = (d + kTilePiece - 1) / kTilePiece;
    tiles_.resize(static_cast<size_t>(block_rows_ * pieces * kTilePiece));
    scores_.resize(static_cast<size_t>(kTileRows * run_panels_ * kPanelLanes));
    positions_.resize(static_cast<size_t>(run_panels_ * kPanelLanes));
    rows_.resize(static_cast<size_t>(block_rows_));
    // With a single run a row is finished before the next one begins.
    candidates_.resize(single_ ? 1 : static_cast<size_t>(block_rows_));
    for (size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].candidates = &candidates_[i % candidates_.size()];
    }
  }

  int64_t block_rows() const { return block_rows_; }

  // Calls done(i, candidates in order) for i in [0, size), size <=
  // block_rows(), where point(i) are the points.
  template <typename Point, typename Done>
  void Search(int64_t size, Point&& point, Done&& done) {
    const int64_t d = centers_.dimension();
    const int64_t pieces = (d + kTilePiece - 1) / kTilePiece * kTilePiece;
    for (int64_t i = 0; i < size; i += kTileRows) {
      Pack(i, std::min(kTileRows, size - i), point);
    }
    for (int64_t q = 0; q < num_panels_; q += run_panels_) {
      const int64_t panels = std::min(run_panels_, num_panels_ - q);
      const int64_t width = panels * kPanelLanes;
      for (int64_t i = 0; i < size; i += kTileRows) {
        const int64_t rows = std::min(kTileRows, size - i);
        ComputeScores(tiles_.data() + i * pieces, PaddedTileRows(rows), d,
                      centers_.panels_.data() + q * d,
                      centers_.bias_.data() + q, panels, scores_.data(), width);
        for (int64_t r = 0; r < rows; ++r) {
          Row& row = rows_[i + r];
          if (row.in_range) {
            Add(row, q * kPanelLanes, scores_.data() + r * width, width);
          }
          if (single_) Finish(i + r, point, done);
        }
      }
    }
    if (single_) return;
    for (int64_t i = 0; i < size; ++i) Finish(i, point, done);
  }

  struct Candidate {
    float score;
    int32_t center;
    double cost;  // set by Decide where it was needed
  };

 private:
  struct Row {
    bool in_range = true;
    float threshold = kInfinity;  // candidates have scores up to this
    float first = kInfinity;      // the two least scores, if two_
    float second = kInfinity;
    double square = 0;  // |x'|^2, rounded up
    std::vector<Candidate>* candidates = nullptr;
  };

  template <typename Point>
  void Pack(int64_t begin, int64_t rows, Point&& point);
  void Add(Row& row, int64_t first_center, const float* scores, int64_t size);
  void Tighten(Row& row);
  template <typename Point, typename Done>
  void Finish(int64_t i, Point&& point, Done&& done);
  void Decide(Row& row, std::span<const float> x);
  void DecideWithoutScores(Row& row, std::span<const float> x);
  // The upper bound of a score of whatever centre.
  float Loose(const Row& row, float score) const {
    return RoundUp(static_cast<double>(score) + centers_.kappa_ * row.square +
                   centers_.max_slack_);
  }
  double Upper(const Row& row, const Candidate& candidate) const {
    return static_cast<double>(candidate.score) + centers_.kappa_ * row.square +
           centers_.slack_[candidate.center];
  }

  friend class PackedCenters;

  const PackedCenters& centers_;
  int64_t count_;
  bool two_;
  int64_t num_panels_, run_panels_, block_rows_;
  bool single_;  // one run of panels
  std::vector<float> tiles_;
  std::vector<float> scores_;
  std::vector<int32_t> positions_;
  std::vector<double> uppers_;
  std::vector<Row> rows_;
  std::vector<std::vector<Candidate>> candidates_;
};

template <typename Point>
void CenterSearch::Pack(int64_t begin, int64_t rows, Point&& point) {
  const int64_t d = centers_.dimension();
  const int64_t padded = PaddedTileRows(rows);
  const int64_t pieces = (d + kTilePiece - 1) / kTilePiece;
  float* tile = tiles_.data() + begin * pieces * kTilePiece;
  for (int64_t r = 0; r < rows; ++r) {
    const std::span<const float> x = point(begin + r);
    float square = 0;
    for (int64_t m = 0; m < d; m += kTilePiece) {
      square += Center(x.data() + m, centers_.mean_.data() + m,
                       std::min(kTilePiece, d - m),
                       tile + m * padded + r * kTilePiece);
    }
    Row& row = rows_[begin + r];
    row.threshold = row.first = row.second = kInfinity;
    row.square = RoundSquareUp(square, d);
    row.in_range = centers_.InRange(row.square);
  }
  for (int64_t r = rows; r < padded; ++r) {
    for (int64_t m = 0; m < d; m += kTilePiece) {
      std::fill_n(tile + m * padded + r * kTilePiece,
                  std::min(kTilePiece, d - m), 0.0F);
    }
  }
}

// Takes the scores of centres first_center .. + size - 1 (padding: infinite).
void CenterSearch::Add(Row& row, int64_t first_center, const float* scores,
                       int64_t size) {
  if (two_) {
    float first = 0, second = 0;
    LeastTwoScores(scores, size, &first, &second);
    row.second = std::min({row.second, second, std::max(row.first, first)});
    row.first = std::min(row.first, first);
  }
  // An upper bound of the count-th least cost so far.
  if (count_ == 1) {
    const float least = LeastScore(scores, size);
    if (least > row.threshold) return;
    row.threshold = std::min(row.threshold, Loose(row, least));
  } else if (row.candidates->empty() && count_ <= kPanelLanes) {
    float first[kPanelLanes];
    LeastByLane(scores, size, first);
    std::nth_element(first, first + (count_ - 1), first + kPanelLanes);
    row.threshold = Loose(row, first[count_ - 1]);
  }
  const int64_t found =
      ScoresUpTo(scores, size, row.threshold, positions_.data());
  for (int64_t f = 0; f < found; ++f) {
    const int32_t at = positions_[f];
    if (first_center + at >= centers_.size()) break;
    row.candidates->push_back(
        {scores[at], static_cast<int32_t>(first_center) + at, 0});
  }
  if (found > 0 && !single_ &&
      (count_ == 1 ||
       static_cast<int64_t>(row.candidates->size()) > 2 * count_ + 16)) {
    Tighten(row);
  }
}

// Lowers the threshold to the count-th least upper bound and drops what is
// above it.
void CenterSearch::Tighten(Row& row) {
  if (static_cast<int64_t>(row.candidates->size()) >= count_) {
    uppers_.clear();
    for (const Candidate& candidate : (*row.candidates)) {
      uppers_.push_back(Upper(row, candidate));
    }
    std::nth_element(uppers_.begin(), uppers_.begin() + (count_ - 1),
                     uppers_.end());
    row.threshold = std::min(row.threshold, RoundUp(uppers_[count_ - 1]));
  }
  std::erase_if((*row.candidates), [&](const Candidate& candidate) {
    return candidate.score > row.threshold;
  });
}

template <typename Point, typename Done>
void CenterSearch::Finish(int64_t i, Point&& point, Done&& done) {
  Row& row = rows_[i];
  const std::span<const float> x = point(i);
  if (!row.in_range) {
    DecideWithoutScores(row, x);
  } else {
    if (row.candidates->size() > 1) {
      Tighten(row);
      Decide(row, x);
    }
  }
  done(i, row);
  row.candidates->clear();
}

// Puts the candidates in the order of their costs as far as count_ reaches:
// runs whose bounds overlap are computed in double.
void CenterSearch::Decide(Row& row, std::span<const float> x) {
  std::vector<Candidate>& all = (*row.candidates);
  std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.score, a.center) < std::pair(b.score, b.center);
  });
  for (size_t begin = 0;
       begin < all.size() && static_cast<int64_t>(begin) < count_;) {
    double upper = Upper(row, all[begin]);
    size_t end = begin + 1;
    for (; end < all.size() && all[end].score <= upper; ++end) {
      upper = std::max(upper, Upper(row, all[end]));
    }
    if (end - begin > 1) {
      for (size_t at = begin; at < end; ++at) {
        all[at].cost = centers_.ExactCost(x, all[at].center);
      }
      std::sort(all.begin() + begin, all.begin() + end,
                [](const Candidate& a, const Candidate& b) {
                  return std::pair(a.cost, a.center) <
                         std::pair(b.cost, b.center);
                });
    }
    begin = end;
  }
}

void CenterSearch::DecideWithoutScores(Row& row, std::span<const float> x) {
  row.candidates->clear();
  for (int32_t c = 0; c < centers_.size(); ++c) {
    row.candidates->push_back({0, c, centers_.ExactCost(x, c)});
  }
  std::partial_sort(
      row.candidates->begin(), row.candidates->begin() + count_,
      row.candidates->end(), [](const Candidate& a, const Candidate& b) {
        return std::pair(a.cost, a.center) < std::pair(b.cost, b.center);
      });
}

void PackedCenters::Nearest(PointsView points, int64_t count,
                            std::span<int32_t> nearest,
                            const runtime::Runtime& runtime) const {
  MUSTER_CHECK(1 <= count && count <= size());
  MUSTER_CHECK(points.dimension == dimension());
  MUSTER_CHECK(static_cast<int64_t>(nearest.size()) == points.size * count);
  const int64_t rows = BlockRows(dimension());
  const auto blocks = runtime::CutBlocks(points.size, rows);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        CenterSearch search(*this, count, /*two=*/false);
        search.Search(
            block.size(),
            [&](int64_t i) { return points.Point(block.begin + i); },
            [&](int64_t i, const CenterSearch::Row& row) {
              for (int64_t r = 0; r < count; ++r) {
                nearest[(block.begin + i) * count + r] =
                    (*row.candidates)[r].center;
              }
            });
      });
}

void PackedCenters::NearestTwoOf(PointsView points,
                                 std::span<const int32_t> rows,
                                 std::span<NearestTwo> result) const {
  MUSTER_CHECK(offsets_.empty());
  MUSTER_CHECK(points.dimension == dimension());
  MUSTER_CHECK(result.size() == rows.size());
  CenterSearch search(*this, 1, /*two=*/true);
  const auto size = static_cast<int64_t>(rows.size());
  for (int64_t begin = 0; begin < size; begin += search.block_rows()) {
    search.Search(
        std::min(search.block_rows(), size - begin),
        [&](int64_t i) { return points.Point(rows[begin + i]); },
        [&](int64_t i, const CenterSearch::Row& row) {
          const CenterSearch::Candidate& best = row.candidates->front();
          NearestTwo& two = result[begin + i];
          two = {best.center, kInfinity, 0};
          if (!row.in_range) {
            two.upper = RoundUp(std::sqrt(best.cost) * (1 + 1e-9));
            return;
          }
          // Distances squared are 2 (score + shift) + |x'|^2, give or take.
          const double base = row.square + 2 * shift_;
          const double error = NormError(row.square);
          const double upper =
              base + error + 2 * best.score + 2 * slack_[best.center];
          two.upper = RoundUp(std::sqrt(std::max(0.0, upper)) * (1 + 1e-7));
          const float other = best.score == row.first ? row.second : row.first;
          const double lower = base - error + 2.0 * other;
          two.lower =
              static_cast<float>(std::sqrt(std::max(0.0, lower)) * (1 - 2e-7));
        });
  }
}

}  // namespace muster::dispatch
