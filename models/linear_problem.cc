#include "muster/models/linear_problem.h"

#include <algorithm>
#include <utility>

#include "muster/models/vector_ops.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/math.h"

namespace muster::models {
namespace {

// a ln(a / C), continued by 0.
double Entropy(double a, double c) {
  return a > 0 ? a * runtime::Log(a / c) : 0.0;
}

}  // namespace

absl::string_view LinearLossName(LinearLoss loss) {
  return loss == LinearLoss::kLogistic ? "logistic" : "squared_hinge";
}

absl::string_view LinearSolverName(LinearSolver solver) {
  switch (solver) {
    case LinearSolver::kAuto:
      return "auto";
    case LinearSolver::kDualCoordinateDescent:
      return "dual";
    case LinearSolver::kLbfgs:
      return "lbfgs";
    case LinearSolver::kNewton:
      return "newton";
  }
  return "unknown";
}

double LinearObjective::Objective(std::span<const double> w,
                                  const runtime::Runtime& runtime) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(w.size()), dimension());
  const FeatureRows& rows = problem_.rows;
  const double loss = runtime::SumBlocks(
      runtime, CutFeatureRows(rows), [&](int64_t, runtime::Block block) {
        std::vector<double> products(block.size());
        MultiplyRows(rows, block.begin, block.end, w.data(), products.data());
        double sum = 0;
        for (int64_t i = 0; i < block.size(); ++i) {
          const double sign = problem_.signs[block.begin + i];
          sum += LinearLossValue(problem_.loss, sign * products[i]);
        }
        return sum;
      });
  return 0.5 * SquaredNorm(w) + problem_.c * loss;
}

double LinearObjective::ObjectiveAndGradient(
    std::span<const double> w, std::span<double> gradient,
    const runtime::Runtime& runtime) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(w.size()), dimension());
  MUSTER_CHECK_EQ(w.size(), gradient.size());
  const FeatureRows& rows = problem_.rows;
  const std::vector<runtime::Block> blocks = CutFeatureRows(rows);
  std::vector<std::vector<double>> sums(blocks.size());
  const double loss =
      runtime::SumBlocks(runtime, blocks, [&](int64_t b, runtime::Block block) {
        std::vector<double> factors(block.size());
        MultiplyRows(rows, block.begin, block.end, w.data(), factors.data());
        double sum = 0;
        for (int64_t i = 0; i < block.size(); ++i) {
          const double sign = problem_.signs[block.begin + i];
          const double z = sign * factors[i];
          sum += LinearLossValue(problem_.loss, z);
          factors[i] = -problem_.c * sign * LinearLossSlope(problem_.loss, z);
        }
        sums[b].assign(w.size(), 0.0);
        AddRows(rows, block.begin, block.end, factors.data(), sums[b].data());
        return sum;
      });
  std::copy(w.begin(), w.end(), gradient.begin());
  for (const std::vector<double>& sum : sums) AddScaled(1.0, sum, gradient);
  return 0.5 * SquaredNorm(w) + problem_.c * loss;
}

void LinearObjective::Gradient(std::span<const double> w,
                               std::span<double> gradient,
                               const runtime::Runtime& runtime) const {
  ObjectiveAndGradient(w, gradient, runtime);
}

double LinearObjective::DualObjective(std::span<const double> w,
                                      std::span<const double> alpha) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(alpha.size()), problem_.rows.num_rows);
  const double c = problem_.c;
  double sum = 0;
  for (double a : alpha) {
    sum += problem_.loss == LinearLoss::kSquaredHinge
               ? a - a * a / (4 * c)
               : -Entropy(a, c) - Entropy(c - a, c);
  }
  return sum - 0.5 * SquaredNorm(w);
}

}  // namespace muster::models
