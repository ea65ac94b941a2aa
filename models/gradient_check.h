#ifndef MUSTER_MODELS_GRADIENT_CHECK_H_
#define MUSTER_MODELS_GRADIENT_CHECK_H_

// For tests of models: a gradient against central differences of its function.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace muster::models {

// max_i |g_i - (f(x + h e_i) - f(x - h e_i)) / (2 h)| / max(1, |g_i|), where
// `problem` has Objective and Gradient. 2 d evaluations of f.
template <typename Problem>
double GradientError(const Problem& problem, std::span<const double> x,
                     double h = 1e-5) {
  std::vector<double> gradient(x.size());
  problem.Gradient(x, gradient);
  std::vector<double> moved(x.begin(), x.end());
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    moved[i] = x[i] + h;
    const double above = problem.Objective(moved);
    moved[i] = x[i] - h;
    const double below = problem.Objective(moved);
    moved[i] = x[i];
    const double difference = (above - below) / (2 * h);
    worst = std::max(worst, std::abs(gradient[i] - difference) /
                                std::max(1.0, std::abs(gradient[i])));
  }
  return worst;
}

}  // namespace muster::models

#endif  // MUSTER_MODELS_GRADIENT_CHECK_H_
