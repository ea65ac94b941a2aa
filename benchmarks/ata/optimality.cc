#include "muster/benchmarks/ata/optimality.h"

#include "absl/status/statusor.h"
#include "muster/runtime/check.h"

namespace muster::benchmarks {
namespace {

constexpr double kStep = 1e-4;

models::QuadraticSgdOracle MakeOracle(int64_t budget) {
  const absl::StatusOr<models::Quadratic> problem =
      models::Quadratic::Create({.dimension = 100, .noise_variance = 1e-4});
  MUSTER_CHECK_OK(problem.status());
  return models::QuadraticSgdOracle(*problem, problem->InitialPoint(), kStep,
                                    budget);
}

}  // namespace

OptimalityCurve::OptimalityCurve(int64_t budget)
    : oracle_(MakeOracle(budget)) {}

double OptimalityCurve::GradientSquaredNorm(int64_t round) const {
  return oracle_.After(round).gradient_squared_norm;
}

double OptimalityCurve::Gap(int64_t round) const {
  return oracle_.After(round).gap;
}

}  // namespace muster::benchmarks
