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

double Integrate(std::span<const TaskMoments> laws,
                 std::span<const WorkerTasks> tasks, double begin, double end) {
  if (!(end > begin)) return 0;
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

// With `panels` intervals between neighbouring kinks and in the tail.
double RoundTime(std::span<const TaskMoments> laws,
                 std::span<const WorkerTasks> tasks, int panels) {
  MUSTER_CHECK(!tasks.empty());
  // The integrand is 1 until every worker could have finished, and has a kink
  // where one more begins to matter.
  double start = 0;
  double end = 0;
  for (const WorkerTasks& w : tasks) {
    const TaskMoments& law = laws[w.worker];
    const double mean = w.tasks * law.mean;
    const double deviation = std::sqrt(w.tasks) * law.deviation;
    const double scale =
        law.deviation > 0 ? deviation * deviation / (mean - w.tasks * law.shift)
                          : 0;
    start = std::max(start, deviation > 0 ? w.tasks * law.shift : mean);
    // Chernoff: the Gamma tail beyond is below 1e-16.
    end = std::max(end, mean + 9 * deviation + 40 * scale);
  }
  // Geometric panels resolve a kink of any power at `start`.
  double total = start;
  double left = start;
  const double width = end - start;
  for (int panel = 1; panel <= panels; ++panel) {
    const double x = static_cast<double>(panel) / panels;
    const double right = start + width * x * x;
    total += Integrate(laws, tasks, left, right);
    left = right;
  }
  return total;
}

}  // namespace

double SumCdf(const TaskMoments& law, int32_t tasks, double t) {
  const double least = tasks * law.shift;
  const double mean = tasks * law.mean;
  if (law.deviation == 0) return t >= mean ? 1 : 0;
  if (t <= least) return 0;
  const double variance = tasks * law.deviation * law.deviation;
  const double scale = variance / (mean - least);
  return runtime::RegularizedLowerGamma((mean - least) / scale,
                                        (t - least) / scale);
}

double ExpectedRoundTime(std::span<const TaskMoments> laws,
                         std::span<const WorkerTasks> tasks) {
  return RoundTime(laws, tasks, 400);
}

double ExpectedBill(std::span<const TaskMoments> laws,
                    std::span<const WorkerTasks> tasks) {
  double bill = 0;
  for (const WorkerTasks& w : tasks) bill += w.tasks * laws[w.worker].mean;
  return bill;
}

std::vector<WorkerTasks> ImproveAllocation(std::span<const TaskMoments> laws,
                                           std::vector<WorkerTasks> tasks) {
  // Coarser panels rank the moves well enough.
  constexpr int kPanels = 60;
  double best = RoundTime(laws, tasks, kPanels);
  while (true) {
    std::vector<WorkerTasks> best_tasks;
    // A new worker: only the fastest unused one can be worth it.
    std::vector<WorkerTasks> base = tasks;
    int32_t newcomer = -1;
    for (int32_t i = 0; i < static_cast<int32_t>(laws.size()); ++i) {
      const bool used =
          std::any_of(tasks.begin(), tasks.end(),
                      [i](const WorkerTasks& w) { return w.worker == i; });
      if (!used && (newcomer < 0 || laws[i].mean < laws[newcomer].mean)) {
        newcomer = i;
      }
    }
    if (newcomer >= 0) base.push_back({newcomer, 0});
    for (size_t from = 0; from < base.size(); ++from) {
      for (size_t to = 0; to < base.size(); ++to) {
        if (from == to || base[from].tasks == 0) continue;
        std::vector<WorkerTasks> moved = base;
        --moved[from].tasks;
        ++moved[to].tasks;
        std::erase_if(moved, [](const WorkerTasks& w) { return w.tasks == 0; });
        const double time = RoundTime(laws, moved, kPanels);
        if (time < best * (1 - 1e-9)) {
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
