#include "muster/dispatch/assignment_bound.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "muster/runtime/blocks.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Block;

constexpr int64_t kPointsPerBlock = 4096;

// The sum of the p least of row - prices, less what floats may be off.
class PointBound {
 public:
  PointBound(const AssignmentCosts& costs, int64_t copies,
             std::span<const double> prices)
      : costs_(costs),
        copies_(copies),
        prices_(prices),
        reduced_(prices.size()) {}

  double Of(const float* row) {
    for (size_t i = 0; i < reduced_.size(); ++i) {
      // The cost is at least this, and so is the price's share exact.
      reduced_[i] =
          (row[i] - costs_.absolute_error()) / (1 + costs_.relative_error()) -
          prices_[i];
    }
    std::nth_element(reduced_.begin(), reduced_.begin() + (copies_ - 1),
                     reduced_.end());
    double sum = 0;
    for (int64_t r = 0; r < copies_; ++r) sum += reduced_[r];
    return sum;
  }

 private:
  const AssignmentCosts& costs_;
  const int64_t copies_;
  const std::span<const double> prices_;
  std::vector<double> reduced_;
};

}  // namespace

double AssignmentLowerBound(const AssignmentCosts& costs, int64_t copies,
                            const SizeBounds& sizes,
                            std::span<const double> prices,
                            const runtime::Runtime& runtime) {
  const int64_t n = costs.num_points();
  const auto blocks = runtime::CutBlocks(n, kPointsPerBlock);
  double bound = runtime::SumBlocks(runtime, blocks, [&](int64_t, Block block) {
    AssignmentCosts::Scratch scratch;
    std::vector<float> rows(
        static_cast<size_t>(AssignmentCosts::kMaxRows * costs.row_stride()));
    PointBound point(costs, copies, prices);
    double sum = 0;
    for (int64_t begin = block.begin; begin < block.end;
         begin += AssignmentCosts::kMaxRows) {
      const int64_t count =
          std::min(AssignmentCosts::kMaxRows, block.end - begin);
      costs.Rows(begin, count, &scratch, rows);
      for (int64_t j = 0; j < count; ++j) {
        sum += point.Of(rows.data() + j * costs.row_stride());
      }
    }
    return sum;
  });
  const auto lower = static_cast<double>(sizes.lower);
  const auto upper = static_cast<double>(std::min(sizes.upper, n));
  for (const double price : prices) {
    bound += price * (price > 0 ? lower : upper);
  }
  return bound;
}

}  // namespace muster::dispatch
