#include "muster/dispatch/assignment_prices.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Block;

constexpr int64_t kPointsPerBlock = 16384;

// A point between two centres.
struct Marginal {
  int32_t from;
  int32_t to;
  float weight;
};

// The smoothed dual at some prices.
struct Scan {
  double value = -std::numeric_limits<double>::infinity();
  double gap = 0;        // weighted sum of gaps
  double uncertain = 0;  // points whose (p+1)-th centre may not be in the list
  std::vector<double> loads = {};
  std::vector<Marginal> marginals = {};
};

struct Sizes {
  double load;   // f_i
  double value;  // smoothed min_f f lambda_i
  double slope;  // -df_i / dlambda_i
};

Sizes SmoothSizes(double price, double width, LoadBounds bounds) {
  const double spread = bounds.upper - bounds.lower;
  if (std::abs(price) >= width) {
    const double load = price > 0 ? bounds.lower : bounds.upper;
    return {load, load * price + spread * width / 4, 0};
  }
  const double middle = (bounds.lower + bounds.upper) / 2;
  return {middle - spread * price / (2 * width),
          middle * price - spread * price * price / (4 * width),
          spread / (2 * width)};
}

// A sparse symmetric matrix: diagonal plus negative entries off it.
struct Laplacian {
  std::vector<double> diagonal;
  std::vector<int64_t> row_begin;
  std::vector<int32_t> column;
  std::vector<double> weight;

  void Multiply(std::span<const double> x, std::span<double> y) const {
    for (size_t i = 0; i < diagonal.size(); ++i) {
      double sum = diagonal[i] * x[i];
      for (int64_t e = row_begin[i]; e < row_begin[i + 1]; ++e) {
        sum -= weight[e] * x[column[e]];
      }
      y[i] = sum;
    }
  }
};

// The graph of `marginals`, each edge `factor` times its weight.
Laplacian MakeLaplacian(int64_t k, std::span<const Marginal> marginals,
                        double factor) {
  std::vector<std::pair<int64_t, double>> entries;
  entries.reserve(2 * marginals.size());
  for (const Marginal& m : marginals) {
    entries.emplace_back(m.from * k + m.to, factor * m.weight);
    entries.emplace_back(m.to * k + m.from, factor * m.weight);
  }
  std::stable_sort(
      entries.begin(), entries.end(),
      [](const auto& x, const auto& y) { return x.first < y.first; });
  Laplacian matrix;
  matrix.diagonal.assign(static_cast<size_t>(k), 0.0);
  matrix.row_begin.assign(static_cast<size_t>(k) + 1, 0);
  int64_t last = -1;
  for (const auto& [key, weight] : entries) {
    if (key != last) {
      matrix.column.push_back(static_cast<int32_t>(key % k));
      matrix.weight.push_back(0);
      ++matrix.row_begin[key / k + 1];
      last = key;
    }
    matrix.weight.back() += weight;
    matrix.diagonal[key / k] += weight;
  }
  for (int64_t i = 0; i < k; ++i) {
    matrix.row_begin[i + 1] += matrix.row_begin[i];
  }
  return matrix;
}

double Dot(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// Conjugate gradients for matrix x = right, preconditioned by the diagonal
// (> 0), to a thousandth of the right side's norm.
std::vector<double> Solve(const Laplacian& matrix,
                          std::span<const double> right) {
  constexpr int kMaxIterations = 200;
  constexpr double kReduction = 1e-3;
  const size_t k = right.size();
  std::vector<double> x(k, 0.0), residual(right.begin(), right.end());
  std::vector<double> scaled(k), direction(k), image(k);
  double product = 0, first = 0;
  for (int t = 0; t < kMaxIterations; ++t) {
    for (size_t i = 0; i < k; ++i) {
      scaled[i] = residual[i] / matrix.diagonal[i];
    }
    const double next = Dot(residual, scaled);
    if (t == 0) first = next;
    if (!(next > first * kReduction * kReduction)) break;
    for (size_t i = 0; i < k; ++i) {
      direction[i] =
          t == 0 ? scaled[i] : scaled[i] + next / product * direction[i];
    }
    product = next;
    matrix.Multiply(direction, image);
    const double curvature = Dot(direction, image);
    if (!(curvature > 0)) break;
    const double step = product / curvature;
    for (size_t i = 0; i < k; ++i) {
      x[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
  }
  return x;
}

class Ascent {
 public:
  Ascent(const AssignmentCosts& costs, int64_t copies, LoadBounds bounds,
         std::span<const double> weights, const PriceAscentOptions& options,
         const runtime::Runtime& runtime, CandidateLists* lists)
      : costs_(costs),
        copies_(copies),
        bounds_(bounds),
        weights_(weights),
        options_(options),
        runtime_(runtime),
        lists_(*lists) {}

  PriceAscent Run(std::span<const double> prices);

 private:
  void BuildLists();
  // At result_.prices, making new lists when too many points are uncertain.
  Scan ScanHere(double width);
  Scan ScanAt(std::span<const double> prices, double width) const;
  Scan ScanBlock(Block block, std::span<const float> shift, float most,
                 double width) const;
  // One step from `scan`, which becomes the scan at the new prices; false when
  // no step goes up.
  bool Step(double width, Scan* scan);
  std::vector<double> Direction(double width, const Scan& scan) const;
  double Imbalance(double width, const Scan& scan) const;
  // Prices within the width that carry no load bound: zero.
  void Snap(double width);

  const AssignmentCosts& costs_;
  const int64_t copies_;
  const LoadBounds bounds_;
  const std::span<const double> weights_;
  const PriceAscentOptions options_;
  const runtime::Runtime& runtime_;
  CandidateLists& lists_;
  double mean_gap_ = 0;
  PriceAscent result_;
};

void Ascent::BuildLists() {
  // Long enough that a level's price changes rarely leave it: measured.
  const int64_t length = std::min(costs_.num_centers(), 2 * copies_ + 8);
  BuildCandidateLists(costs_, result_.prices, length, runtime_, &lists_);
  ++result_.lists_built;
}

Scan Ascent::ScanBlock(Block block, std::span<const float> shift, float most,
                       double width) const {
  const int64_t p = copies_;
  const bool complete = lists_.length == costs_.num_centers();
  Scan scan{.value = 0};
  scan.loads.assign(static_cast<size_t>(costs_.num_centers()), 0.0);
  std::vector<Least<float>> least(static_cast<size_t>(p) + 1);
  for (int64_t j = block.begin; j < block.end; ++j) {
    const bool certain = FindLeast<float>(lists_.Reduced(j), lists_.Centers(j),
                                          shift, most, complete, least);
    if (!certain) ++scan.uncertain;
    const double weight = weights_.empty() ? 1.0 : weights_[j];
    double sum = 0;
    for (int64_t r = 0; r < p; ++r) {
      scan.loads[least[r].center] += weight;
      sum += least[r].reduced;
    }
    const double gap =
        static_cast<double>(least[p].reduced) - least[p - 1].reduced;
    scan.gap += weight * gap;
    if (gap < width) {
      const double share = (1 - gap / width) / 2;
      scan.loads[least[p - 1].center] -= weight * share;
      scan.loads[least[p].center] += weight * share;
      sum -= width * share * share;
      scan.marginals.push_back(
          {least[p - 1].center, least[p].center, static_cast<float>(weight)});
    }
    scan.value += weight * sum;
  }
  return scan;
}

Scan Ascent::ScanAt(std::span<const double> prices, double width) const {
  const int64_t k = costs_.num_centers();
  std::vector<float> shift(static_cast<size_t>(k));
  float most = 0;
  for (int64_t i = 0; i < k; ++i) {
    shift[i] = static_cast<float>(prices[i] - lists_.base[i]);
    most = i == 0 ? shift[i] : std::max(most, shift[i]);
  }
  const auto blocks = runtime::CutBlocks(costs_.num_points(), kPointsPerBlock);
  Scan total{.value = 0};
  total.loads.assign(static_cast<size_t>(k), 0.0);
  total = runtime::FoldBlocks(
      runtime_, blocks, std::move(total),
      [&](int64_t, Block block) {
        return ScanBlock(block, shift, most, width);
      },
      [](Scan sum, Scan part) {
        sum.value += part.value;
        sum.gap += part.gap;
        sum.uncertain += part.uncertain;
        for (size_t i = 0; i < sum.loads.size(); ++i) {
          sum.loads[i] += part.loads[i];
        }
        sum.marginals.insert(sum.marginals.end(), part.marginals.begin(),
                             part.marginals.end());
        return sum;
      });
  for (const double price : prices) {
    total.value += SmoothSizes(price, width, bounds_).value;
  }
  return total;
}

Scan Ascent::ScanHere(double width) {
  // Points in doubt cost accuracy in the steps; lists cost a pass of n k d.
  constexpr double kMaxUncertain = 0.03;
  ++result_.passes;
  Scan scan = ScanAt(result_.prices, width);
  if (scan.uncertain <=
      kMaxUncertain * static_cast<double>(costs_.num_points())) {
    return scan;
  }
  BuildLists();
  ++result_.passes;
  return ScanAt(result_.prices, width);
}

double Ascent::Imbalance(double width, const Scan& scan) const {
  double sum = 0;
  for (size_t i = 0; i < scan.loads.size(); ++i) {
    sum += std::abs(SmoothSizes(result_.prices[i], width, bounds_).load -
                    scan.loads[i]);
  }
  return sum;
}

std::vector<double> Ascent::Direction(double width, const Scan& scan) const {
  const int64_t k = costs_.num_centers();
  Laplacian matrix = MakeLaplacian(k, scan.marginals, 1 / (2 * width));
  std::vector<double> right(static_cast<size_t>(k));
  double largest = 0;
  for (int64_t i = 0; i < k; ++i) {
    const Sizes sizes = SmoothSizes(result_.prices[i], width, bounds_);
    right[i] = sizes.load - scan.loads[i];
    matrix.diagonal[i] += sizes.slope;
    largest = std::max(largest, matrix.diagonal[i]);
  }
  // A centre with few points at its border: as if a few per cent of a mean
  // load lay within the mean gap.
  const double mean_load = std::max(bounds_.lower, 1.0);
  const double floor =
      1e-2 * mean_load / std::max(mean_gap_, width) + 1e-9 * largest;
  for (double& entry : matrix.diagonal) entry += floor;
  std::vector<double> step = Solve(matrix, right);
  const double limit = 2 * width;
  for (double& entry : step) entry = std::clamp(entry, -limit, limit);
  return step;
}

bool Ascent::Step(double width, Scan* scan) {
  constexpr int kHalvings = 5;
  std::vector<double> step = Direction(width, *scan);
  const std::vector<double> from = result_.prices;
  for (int t = 0; t <= kHalvings; ++t) {
    for (size_t i = 0; i < from.size(); ++i) {
      result_.prices[i] = from[i] + step[i];
    }
    Scan next = ScanHere(width);
    if (next.value > scan->value) {
      *scan = std::move(next);
      ++result_.steps;
      return true;
    }
    for (double& entry : step) entry /= 4;
  }
  result_.prices = from;
  return false;
}

void Ascent::Snap(double width) {
  if (bounds_.lower == bounds_.upper) return;
  for (double& price : result_.prices) {
    if (std::abs(price) < width) price = 0;
  }
}

PriceAscent Ascent::Run(std::span<const double> prices) {
  result_.prices.assign(prices.begin(), prices.end());
  BuildLists();
  const double tiny = std::numeric_limits<float>::min();
  Scan scan = ScanHere(tiny);
  const double total = weights_.empty()
                           ? static_cast<double>(costs_.num_points())
                           : runtime::PairwiseSum(weights_);
  mean_gap_ = scan.gap / total;
  if (!(mean_gap_ > tiny) || !std::isfinite(mean_gap_)) return result_;
  double width = options_.first_width > 0 ? options_.first_width : mean_gap_;
  const double enough = options_.last_points_per_center *
                        static_cast<double>(costs_.num_centers());
  const double least_width = 1e-7 * mean_gap_;
  while (true) {
    scan = ScanHere(width);
    for (int t = 0; t < options_.max_steps_per_level; ++t) {
      if (Imbalance(width, scan) <=
          0.1 * static_cast<double>(scan.marginals.size()) + 0.5) {
        break;
      }
      if (result_.steps >= options_.max_steps || !Step(width, &scan)) break;
    }
    result_.width = width;
    if (static_cast<double>(scan.marginals.size()) <= enough ||
        width <= least_width || result_.steps >= options_.max_steps) {
      break;
    }
    width /= 4;
  }
  Snap(result_.width);
  return result_;
}

}  // namespace

PriceAscent AscendPrices(const AssignmentCosts& costs, int64_t copies,
                         LoadBounds bounds, std::span<const double> weights,
                         std::span<const double> prices,
                         const PriceAscentOptions& options,
                         const runtime::Runtime& runtime,
                         CandidateLists* lists) {
  MUSTER_CHECK(1 <= copies && copies < costs.num_centers());
  return Ascent(costs, copies, bounds, weights, options, runtime, lists)
      .Run(prices);
}

}  // namespace muster::dispatch
