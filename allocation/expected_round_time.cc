#include "muster/allocation/expected_round_time.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "muster/runtime/check.h"
#include "muster/runtime/gamma_function.h"

namespace muster::allocation {
namespace {

// Nodes and weights of Gauss-Legendre quadrature of order 8 on [-1, 1] (the
// positive half; Abramowitz and Stegun, table 25.4).
constexpr double kNodes[] = {0.1834346424956498, 0.5255324099163290,
                             0.7966664774136267, 0.9602898564975363};
constexpr double kWeights[] = {0.3626837833783620, 0.3137066458778873,
                               0.2223810344533745, 0.1012285362903763};

double NobodyLater(std::span<const TaskMoments> laws,
                   std::span<const WorkerTasks> tasks, double t) {
  double product = 1;
  for (const WorkerTasks& w : tasks) {
    product *= SumCdf(laws[w.worker], w.tasks, t);
    if (product == 0) break;
  }
  return product;
}

// The integral of 1 - NobodyLater by Gauss-Legendre quadrature over [begin,
// end].
double Integrate(std::span<const TaskMoments> laws,
                 std::span<const WorkerTasks> tasks, double begin, double end) {
  const double half = (end - begin) / 2;
  const double middle = begin + half;
  double sum = 0;
  for (int j = 0; j < 4; ++j) {
    sum += kWeights[j] *
           ((1 - NobodyLater(laws, tasks, middle - half * kNodes[j])) +
            (1 - NobodyLater(laws, tasks, middle + half * kNodes[j])));
  }
  return half * sum;
}

// The same to `tolerance` seconds: an interval, whose integral is about
// `whole`, is halved until its halves agree with it. At the singularity of a
// shape below 1 that makes intervals which shrink geometrically.
double Refine(std::span<const TaskMoments> laws,
              std::span<const WorkerTasks> tasks, double begin, double end,
              double whole, double tolerance, int depth) {
  constexpr int kMaxDepth = 60;
  const double middle = begin + (end - begin) / 2;
  const double left = Integrate(laws, tasks, begin, middle);
  const double right = Integrate(laws, tasks, middle, end);
  // The distribution functions are exact to 1e-12.
  const double noise = 4e-12 * (end - begin);
  if (std::abs(left + right - whole) <= std::max(tolerance, noise) ||
      depth == kMaxDepth) {
    return left + right;
  }
  return Refine(laws, tasks, begin, middle, left, tolerance, depth + 1) +
         Refine(laws, tasks, middle, end, right, tolerance, depth + 1);
}

// Where the integrand is 1 until, and where it is 0 from.
struct Range {
  double start = 0;
  double end = 0;
  double loss = 0;  // max_i a_i mean_i, a lower bound of the integral
};

Range FindRange(std::span<const TaskMoments> laws,
                std::span<const WorkerTasks> tasks) {
  Range range;
  for (const WorkerTasks& w : tasks) {
    const TaskMoments& law = laws[w.worker];
    const double mean = w.tasks * law.mean;
    const double deviation = std::sqrt(w.tasks) * law.deviation;
    const double scale =
        law.deviation > 0 ? deviation * deviation / (mean - w.tasks * law.shift)
                          : 0;
    range.loss = std::max(range.loss, mean);
    range.start =
        std::max(range.start, deviation > 0 ? w.tasks * law.shift : mean);
    // Chernoff: the Gamma tail beyond is below 1e-16.
    range.end = std::max(range.end, mean + 9 * deviation + 40 * scale);
  }
  return range;
}

// E[C(a)] to about `tolerance` relative. A thorough integration begins with
// intervals around each worker's mean, lest a sum of very small deviation fall
// between the abscissae.
double RoundTime(std::span<const TaskMoments> laws,
                 std::span<const WorkerTasks> tasks, double tolerance,
                 bool thorough) {
  MUSTER_CHECK(!tasks.empty());
  const Range range = FindRange(laws, tasks);
  if (!(range.end > range.start)) return range.start;
  constexpr int kPanels = 8;  // narrower where the integrand falls
  std::vector<double> cuts;
  for (int panel = 0; panel <= kPanels; ++panel) {
    const double x = static_cast<double>(panel) / kPanels;
    cuts.push_back(range.start + (range.end - range.start) * x * x);
  }
  for (const WorkerTasks& w : tasks) {
    if (!thorough) break;
    const TaskMoments& law = laws[w.worker];
    const double deviation = std::sqrt(w.tasks) * law.deviation;
    for (const double distance : {-8, -4, 0, 4, 8}) {
      const double cut = w.tasks * law.mean + distance * deviation;
      if (cut > range.start && cut < range.end) cuts.push_back(cut);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  double total = range.start;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    if (!(cuts[i + 1] > cuts[i])) continue;
    total += Refine(laws, tasks, cuts[i], cuts[i + 1],
                    Integrate(laws, tasks, cuts[i], cuts[i + 1]),
                    tolerance * range.loss, 0);
  }
  return total;
}

// Whether a duration of `law` is never likelier to exceed any time than one of
// `other`: smaller shift, and Gamma parts of smaller shape and scale.
bool Dominates(const TaskMoments& law, const TaskMoments& other) {
  constexpr double kSlack = 1 + 1e-12;
  if (law.deviation == 0) {
    return law.mean <= (other.deviation == 0 ? other.mean : other.shift);
  }
  if (other.deviation == 0) return false;
  const double mean = law.mean - law.shift;
  const double other_mean = other.mean - other.shift;
  const double variance = law.deviation * law.deviation;
  const double other_variance = other.deviation * other.deviation;
  return law.shift <= kSlack * other.shift &&
         mean * mean * other_variance <=
             kSlack * other_mean * other_mean * variance &&
         variance * other_mean <= kSlack * other_variance * mean;
}

// The workers outside `tasks` whom no other such worker dominates (of equals,
// the first), ascending.
std::vector<int32_t> Newcomers(std::span<const TaskMoments> laws,
                               std::span<const WorkerTasks> tasks) {
  std::vector<uint8_t> used(laws.size());
  for (const WorkerTasks& w : tasks) used[w.worker] = 1;
  std::vector<int32_t> newcomers;
  for (int32_t i = 0; i < static_cast<int32_t>(laws.size()); ++i) {
    const auto dominated_by = [&](int32_t j) {
      return Dominates(laws[j], laws[i]);
    };
    if (used[i] ||
        std::any_of(newcomers.begin(), newcomers.end(), dominated_by)) {
      continue;
    }
    std::erase_if(newcomers,
                  [&](int32_t j) { return Dominates(laws[i], laws[j]); });
    newcomers.push_back(i);
  }
  return newcomers;
}

}  // namespace

double SumCdf(const TaskMoments& law, int32_t tasks, double t) {
  const double least = tasks * law.shift;
  const double mean = tasks * law.mean;
  if (law.deviation == 0) return t >= mean ? 1 : 0;
  if (t <= least) return 0;
  const double variance = tasks * law.deviation * law.deviation;
  const double scale = variance / (mean - least);
  const double shape = (mean - least) / scale;
  // Beyond it the normal law is within 2e-6, and 2e-11 of the mean in time.
  constexpr double kNormalAboveShape = 1e10;
  if (shape > kNormalAboveShape) {
    return 0.5 * std::erfc((mean - t) / std::sqrt(2 * variance));
  }
  return runtime::RegularizedLowerGamma(shape, (t - least) / scale);
}

double ExpectedRoundTime(std::span<const TaskMoments> laws,
                         std::span<const WorkerTasks> tasks) {
  return RoundTime(laws, tasks, 1e-11, true);
}

double ExpectedBill(std::span<const TaskMoments> laws,
                    std::span<const WorkerTasks> tasks) {
  double bill = 0;
  for (const WorkerTasks& w : tasks) bill += w.tasks * laws[w.worker].mean;
  return bill;
}

std::vector<WorkerTasks> ImproveAllocation(std::span<const TaskMoments> laws,
                                           std::vector<WorkerTasks> tasks) {
  // Close enough to rank the moves.
  constexpr double kTolerance = 1e-8;
  double best = RoundTime(laws, tasks, kTolerance, false);
  while (true) {
    std::vector<WorkerTasks> best_tasks;
    std::vector<WorkerTasks> base = tasks;
    for (const int32_t worker : Newcomers(laws, tasks)) {
      base.push_back({worker, 0});
    }
    for (size_t from = 0; from < tasks.size(); ++from) {
      for (size_t to = 0; to < base.size(); ++to) {
        if (from == to) continue;
        std::vector<WorkerTasks> moved = base;
        --moved[from].tasks;
        ++moved[to].tasks;
        std::erase_if(moved, [](const WorkerTasks& w) { return w.tasks == 0; });
        const double time = RoundTime(laws, moved, kTolerance, false);
        if (time < best * (1 - 1e-6)) {
          best = time;
          best_tasks = std::move(moved);
        }
      }
    }
    if (best_tasks.empty()) break;
    tasks = std::move(best_tasks);
  }
  std::sort(tasks.begin(), tasks.end(),
            [](const WorkerTasks& x, const WorkerTasks& y) {
              return x.worker < y.worker;
            });
  return tasks;
}

}  // namespace muster::allocation
