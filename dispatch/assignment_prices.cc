#include "muster/dispatch/assignment_prices.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/dispatch/assignment_curvature.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Block;

constexpr int64_t kPointsPerBlock = 16384;
// Of the width, from level to level.
constexpr double kNarrowing = 4;

// The smoothed dual at some prices.
struct Scan {
  double value = -std::numeric_limits<double>::infinity();
  double spacing = 0;    // weighted sum of the lists' mean gaps
  double uncertain = 0;  // points that may share a centre outside their list
  std::vector<double> loads = {};
  Supports supports = {};  // of the undecided points
};

// Adds points to a scan, at prices base + shift of their lists.
class PointScanner {
 public:
  PointScanner(const CandidateLists& lists, int64_t copies,
               std::span<const float> shift, float most)
      : lists_(lists),
        copies_(copies),
        shift_(shift),
        most_(most),
        least_(static_cast<size_t>(copies) + 1),
        sorted_(static_cast<size_t>(lists.length)),
        values_(static_cast<size_t>(lists.length)),
        shares_(static_cast<size_t>(lists.length)) {}

  void Add(int64_t point, double weight, double width, Scan* scan);

 private:
  // A point with several centres within the width.
  void ShareOut(int64_t point, double weight, double width, Scan* scan);

  const CandidateLists& lists_;
  const int64_t copies_;
  const std::span<const float> shift_;
  const float most_;
  std::vector<Least<float>> least_;
  std::vector<Least<float>> sorted_;
  std::vector<double> values_;
  std::vector<double> shares_;
};

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
        lists_(*lists),
        list_length_(options.list_length) {}

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
  // Prices from + factor step, and their scan if the value there is higher.
  bool TryStep(std::span<const double> from, std::span<const double> step,
               double factor, double width, Scan* scan);
  std::vector<double> Direction(double width, const Scan& scan) const;
  double Imbalance(double width, const Scan& scan) const;
  // The width, widened until a Newton step does not reach far beyond it.
  // *scan := the scan there.
  double WideEnough(double width, Scan* scan);
  // Steps at one width from *scan on until the loads come out about right.
  void RunLevel(double width, int max_steps, Scan* scan);
  // Prices within the width that carry no load bound: zero.
  void Snap(double width);

  const AssignmentCosts& costs_;
  const int64_t copies_;
  const LoadBounds bounds_;
  const std::span<const double> weights_;
  const PriceAscentOptions options_;
  const runtime::Runtime& runtime_;
  CandidateLists& lists_;
  int64_t list_length_;  // besides 2 p
  double spacing_ = 0;
  double doubt_ = 0;  // points that were uncertain with the lists just made
  PriceAscent result_;
};

void Ascent::BuildLists() {
  const int64_t length =
      std::min(costs_.num_centers(), 2 * copies_ + list_length_);
  BuildCandidateLists(costs_, result_.prices, length, runtime_, &lists_);
  ++result_.lists_built;
}

void PointScanner::ShareOut(int64_t point, double weight, double width,
                            Scan* scan) {
  const std::span<const float> reduced = lists_.Reduced(point);
  const std::span<const int32_t> centers = lists_.Centers(point);
  // All listed centres at the current prices, ascending.
  for (size_t e = 0; e < reduced.size(); ++e) {
    const float value = reduced[e] - shift_[centers[e]];
    size_t r = e;
    for (; r > 0 && value < sorted_[r - 1].reduced; --r) {
      sorted_[r] = sorted_[r - 1];
    }
    sorted_[r] = {value, centers[e]};
  }
  for (size_t e = 0; e < reduced.size(); ++e) values_[e] = sorted_[e].reduced;
  const SmoothChoice choice = SmoothShares(values_, copies_, width, shares_);
  scan->value += weight * choice.value;
  for (int64_t e = 0; e < choice.end; ++e) {
    scan->loads[sorted_[e].center] += weight * shares_[e];
  }
  if (choice.end - choice.begin < 2) return;
  for (int64_t e = choice.begin; e < choice.end; ++e) {
    scan->supports.centers.push_back(sorted_[e].center);
  }
  scan->supports.end.push_back(
      static_cast<int64_t>(scan->supports.centers.size()));
  scan->supports.weights.push_back(static_cast<float>(weight));
  if (!lists_.complete() && reduced.back() - most_ < values_[choice.end - 1]) {
    ++scan->uncertain;
  }
}

void PointScanner::Add(int64_t point, double weight, double width, Scan* scan) {
  const bool certain =
      FindLeast<float>(lists_.Reduced(point), lists_.Centers(point), shift_,
                       most_, lists_.complete(), least_);
  const double gap = static_cast<double>(least_[copies_].reduced) -
                     least_[copies_ - 1].reduced;
  if (gap < width) {
    ShareOut(point, weight, width, scan);
    return;
  }
  if (!certain) ++scan->uncertain;
  double sum = 0;
  for (int64_t r = 0; r < copies_; ++r) {
    scan->loads[least_[r].center] += weight;
    sum += least_[r].reduced;
  }
  scan->value += weight * sum;
}

Scan Ascent::ScanBlock(Block block, std::span<const float> shift, float most,
                       double width) const {
  Scan scan{.value = 0};
  scan.loads.assign(static_cast<size_t>(costs_.num_centers()), 0.0);
  PointScanner scanner(lists_, copies_, shift, most);
  for (int64_t j = block.begin; j < block.end; ++j) {
    const double weight = weights_.empty() ? 1.0 : weights_[j];
    const std::span<const float> listed = lists_.Reduced(j);
    scan.spacing += weight *
                    (static_cast<double>(listed.back()) - listed[copies_ - 1]) /
                    static_cast<double>(lists_.length - copies_);
    scanner.Add(j, weight, width, &scan);
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
        sum.spacing += part.spacing;
        sum.uncertain += part.uncertain;
        for (size_t i = 0; i < sum.loads.size(); ++i) {
          sum.loads[i] += part.loads[i];
        }
        sum.supports.Append(part.supports);
        return sum;
      });
  for (const double price : prices) {
    total.value += SmoothSize(price, width, bounds_).value;
  }
  return total;
}

Scan Ascent::ScanHere(double width) {
  // Points in doubt cost accuracy in the steps; lists cost a pass of n k d.
  constexpr double kMaxUncertain = 0.03;
  ++result_.passes;
  Scan scan = ScanAt(result_.prices, width);
  const double allowed =
      doubt_ + kMaxUncertain * static_cast<double>(costs_.num_points());
  if (scan.uncertain <= allowed) return scan;
  while (true) {
    BuildLists();
    ++result_.passes;
    scan = ScanAt(result_.prices, width);
    if (scan.uncertain <= 3 * allowed || lists_.complete() ||
        list_length_ >= options_.max_list_length) {
      break;
    }
    list_length_ = std::min(2 * list_length_, options_.max_list_length);
  }
  // What new lists leave in doubt, they would leave again.
  doubt_ = scan.uncertain;
  return scan;
}

double Ascent::Imbalance(double width, const Scan& scan) const {
  double sum = 0;
  for (size_t i = 0; i < scan.loads.size(); ++i) {
    sum += std::abs(SmoothSize(result_.prices[i], width, bounds_).load -
                    scan.loads[i]);
  }
  return sum;
}

std::vector<double> Ascent::Direction(double width, const Scan& scan) const {
  const int64_t k = costs_.num_centers();
  Laplacian matrix = MakeLaplacian(k, scan.supports, 1 / width);
  std::vector<double> right(static_cast<size_t>(k));
  double largest = 0;
  for (int64_t i = 0; i < k; ++i) {
    const SmoothLoad sizes = SmoothSize(result_.prices[i], width, bounds_);
    right[i] = sizes.load - scan.loads[i];
    matrix.diagonal[i] += sizes.slope;
    largest = std::max(largest, matrix.diagonal[i]);
  }
  // A centre with few points at its border: as if a few per cent of a mean
  // load lay within the mean gap.
  const double mean_load = std::max(bounds_.lower, 1.0);
  const double floor =
      1e-2 * mean_load / std::max(spacing_, width) + 1e-9 * largest;
  for (double& entry : matrix.diagonal) entry += floor;
  return Solve(matrix, right);
}

bool Ascent::TryStep(std::span<const double> from, std::span<const double> step,
                     double factor, double width, Scan* scan) {
  for (size_t i = 0; i < from.size(); ++i) {
    result_.prices[i] = from[i] + factor * step[i];
  }
  Scan next = ScanHere(width);
  if (!(next.value > scan->value)) return false;
  *scan = std::move(next);
  return true;
}

bool Ascent::Step(double width, Scan* scan) {
  constexpr int kTrials = 6;
  constexpr double kFactor = 4;
  std::vector<double> step = Direction(width, *scan);
  const double limit = 2 * width;
  bool clamped = false;
  for (double& entry : step) {
    clamped |= std::abs(entry) > limit;
    entry = std::clamp(entry, -limit, limit);
  }
  const std::vector<double> from = result_.prices;
  double factor = 1;
  if (TryStep(from, step, factor, width, scan)) {
    // Where the way is long, longer steps.
    for (int t = 1; clamped && t < kTrials; ++t) {
      if (!TryStep(from, step, factor * kFactor, width, scan)) break;
      factor *= kFactor;
    }
  } else {
    int t = 1;
    for (; t < kTrials; ++t) {
      factor /= kFactor;
      if (TryStep(from, step, factor, width, scan)) break;
    }
    if (t == kTrials) factor = 0;
  }
  for (size_t i = 0; i < from.size(); ++i) {
    result_.prices[i] = from[i] + factor * step[i];
  }
  result_.steps += factor > 0 ? 1 : 0;
  return factor > 0;
}

void Ascent::Snap(double width) {
  if (bounds_.lower == bounds_.upper) return;
  for (double& price : result_.prices) {
    if (std::abs(price) < width) price = 0;
  }
}

double Ascent::WideEnough(double width, Scan* scan) {
  constexpr int kMaxWidenings = 10;
  constexpr double kReach = 30;
  for (int t = 0; t < kMaxWidenings && !runtime::ShouldStop(runtime_); ++t) {
    *scan = ScanHere(width);
    const std::vector<double> step = Direction(width, *scan);
    double longest = 0;
    for (const double entry : step) {
      longest = std::max(longest, std::abs(entry));
    }
    // Nor where every point is undecided already.
    if (longest <= kReach * width ||
        scan->supports.size() == costs_.num_points()) {
      return width;
    }
    width *= kNarrowing;
  }
  *scan = ScanHere(width);
  return width;
}

void Ascent::RunLevel(double width, int max_steps, Scan* scan) {
  for (int t = 0; t < max_steps && result_.steps < options_.max_steps; ++t) {
    if (runtime::ShouldStop(runtime_)) break;
    if (Imbalance(width, *scan) <=
        0.1 * static_cast<double>(scan->supports.size()) + 0.5)
      break;
    if (!Step(width, scan)) break;
  }
  result_.width = width;
}

PriceAscent Ascent::Run(std::span<const double> prices) {
  result_.prices.assign(prices.begin(), prices.end());
  BuildLists();
  const double tiny = std::numeric_limits<float>::min();
  const double total = weights_.empty()
                           ? static_cast<double>(costs_.num_points())
                           : runtime::PairwiseSum(weights_);
  spacing_ = ScanHere(tiny).spacing / total;
  if (!(spacing_ > tiny) || !std::isfinite(spacing_)) return result_;
  Scan scan;
  double width = WideEnough(
      options_.first_width > 0 ? options_.first_width : spacing_, &scan);
  const double enough = options_.last_points_per_center *
                        static_cast<double>(costs_.num_centers());
  double shared_before = std::numeric_limits<double>::infinity();
  // The first level has the longest way to go.
  int max_steps = 4 * options_.max_steps_per_level;
  for (int crowded = 0; true; scan = ScanHere(width)) {
    RunLevel(width, max_steps, &scan);
    max_steps = options_.max_steps_per_level;
    // Where points tie, narrowing does not part them; where the loads are not
    // right for the undecided points that there are, fewer do not help.
    const auto undecided = static_cast<double>(scan.supports.size());
    const auto shared =
        static_cast<double>(scan.supports.centers.size()) - undecided;
    crowded = shared > 0.8 * shared_before ? crowded + 1 : 0;
    shared_before = shared;
    if (undecided <= enough || crowded >= 2 ||
        Imbalance(width, scan) > undecided ||
        result_.steps >= options_.max_steps || runtime::ShouldStop(runtime_)) {
      break;
    }
    // A load strictly within bounds asks for a price in proportion to the
    // width.
    for (double& price : result_.prices) {
      if (std::abs(price) < width && bounds_.lower < bounds_.upper) {
        price /= kNarrowing;
      }
    }
    width /= kNarrowing;
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
