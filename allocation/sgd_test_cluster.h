#ifndef MUSTER_ALLOCATION_SGD_TEST_CLUSTER_H_
#define MUSTER_ALLOCATION_SGD_TEST_CLUSTER_H_

// For tests of gradient methods: a problem small enough to follow by hand, and
// virtual clusters whose workers compute it.

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "muster/allocation/gradient_program.h"
#include "muster/allocation/sgd_run.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/virtual_cluster.h"
#include "muster/runtime/worker_spec.h"

namespace muster::allocation {

// f(x) = 1/2 (x - centre)^2, gradient x - centre plus Gaussian noise; start 1.
struct Parabola {
  double centre = 0;
  double noise = 0;  // standard deviation of one stochastic gradient

  int64_t dimension() const { return 1; }
  std::vector<double> InitialPoint() const { return {1.0}; }
  double Objective(std::span<const double> x) const {
    return 0.5 * (x[0] - centre) * (x[0] - centre);
  }
  void StochasticGradient(std::span<const double> x, int64_t samples,
                          runtime::Rng rng, std::span<double> gradient) const {
    gradient[0] = x[0] - centre;
    if (noise == 0) return;
    double sum = 0;
    for (int64_t i = 0; i < samples; ++i) sum += runtime::Normal(rng);
    gradient[0] += noise * sum / static_cast<double>(samples);
  }
};

using ParabolaCluster = runtime::VirtualCluster<GradientProgram<Parabola>>;

inline std::vector<runtime::WorkerSpec> ConstantWorkers(
    std::span<const double> seconds) {
  std::vector<runtime::WorkerSpec> workers;
  for (double s : seconds) {
    workers.push_back({.law = runtime::SpeedLaw::Constant(s), .modifiers = {}});
  }
  return workers;
}

// Worker i = 0..n-1 takes an exponential time of mean i + 1, shifted by
// `shift`.
inline std::vector<runtime::WorkerSpec> ExponentialWorkers(int32_t n,
                                                           double shift = 0) {
  std::vector<runtime::WorkerSpec> workers;
  for (int32_t i = 0; i < n; ++i) {
    workers.push_back({.law = runtime::SpeedLaw::Exponential(i + 1.0, shift),
                       .modifiers = {}});
  }
  return workers;
}

// One worker per spec, worker i with problems[i], or all with problems[0].
inline std::unique_ptr<ParabolaCluster> MakeCluster(
    std::vector<runtime::WorkerSpec> workers, std::vector<Parabola> problems,
    uint64_t seed = 1, const runtime::Runtime& runtime = {.threads = 1}) {
  std::vector<std::unique_ptr<GradientProgram<Parabola>>> programs;
  for (size_t i = 0; i < workers.size(); ++i) {
    programs.push_back(std::make_unique<GradientProgram<Parabola>>(
        std::make_shared<const Parabola>(
            problems[problems.size() == 1 ? 0 : i]),
        seed));
  }
  auto model = runtime::SpeedModel::Create(
      {.workers = std::move(workers), .text = ""}, seed);
  MUSTER_CHECK_OK(model.status());
  return std::make_unique<ParabolaCluster>(
      std::move(programs), *std::move(model), runtime::VirtualClusterOptions(),
      runtime);
}

// Runs `policy` on constant speeds, without noise, for `max_steps`.
inline SgdSummary RunConstant(SgdPolicy& policy,
                              std::span<const double> seconds,
                              int64_t max_steps) {
  const auto cluster = MakeCluster(ConstantWorkers(seconds), {Parabola()});
  auto summary = RunSgd(*cluster, Parabola(), policy,
                        {.max_steps = max_steps, .keep_rounds = true});
  MUSTER_CHECK_OK(summary.status());
  return *std::move(summary);
}

// The trace's columns, for comparison with a table in a comment.
inline std::vector<double> Seconds(const SgdSummary& summary) {
  std::vector<double> column;
  for (const SgdTracePoint& point : summary.trace) {
    column.push_back(point.seconds);
  }
  return column;
}
inline std::vector<double> WorkerSeconds(const SgdSummary& summary) {
  std::vector<double> column;
  for (const SgdTracePoint& point : summary.trace) {
    column.push_back(point.worker_seconds);
  }
  return column;
}

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_TEST_CLUSTER_H_
