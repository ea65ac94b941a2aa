#ifndef MUSTER_ALLOCATION_GRADIENT_PROGRAM_H_
#define MUSTER_ALLOCATION_GRADIENT_PROGRAM_H_

// The worker's side of a stochastic gradient method: a program that answers a
// GradientRequest by really computing the gradient.
//
//   auto problem = std::make_shared<const Quadratic>(...);
//   std::vector<std::unique_ptr<GradientProgram<Quadratic>>> programs;
//   for (...) programs.push_back(
//       std::make_unique<GradientProgram<Quadratic>>(problem, seed));
//
// Workers that share one problem and one seed are interchangeable: the
// response is a function of the request alone. With heterogeneous data each
// worker has a problem of its own, made of its shard.

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "muster/allocation/sgd_messages.h"
#include "muster/runtime/check.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {

// What a worker needs of its problem. StochasticGradient writes the mean of
// `samples` independent stochastic gradients at x, a function of its arguments,
// and may be called from several threads at once.
template <typename P>
concept StochasticProblem = requires(const P& problem, int64_t samples,
                                     std::span<const double> x,
                                     runtime::Rng rng, std::span<double> g) {
  { problem.dimension() } -> std::convertible_to<int64_t>;
  problem.StochasticGradient(x, samples, rng, g);
};

// A PureWorkerProgram (runtime/cluster.h): Run leaves nothing behind.
template <StochasticProblem Problem>
class GradientProgram {
 public:
  using Request = GradientRequest;
  using Response = GradientResponse;

  // The sample of draw r is that of stream Rng(seed).Fork("gradient", r).
  GradientProgram(std::shared_ptr<const Problem> problem, uint64_t seed)
      : problem_(std::move(problem)), rng_(seed) {
    MUSTER_CHECK(problem_ != nullptr);
  }

  Response Run(const Request& request) const {
    Response response;
    response.gradient.resize(problem_->dimension());
    problem_->StochasticGradient(*request.point, request.samples,
                                 rng_.Fork("gradient", request.draw),
                                 response.gradient);
    return response;
  }

  const Problem& problem() const { return *problem_; }

 private:
  std::shared_ptr<const Problem> problem_;
  runtime::Rng rng_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_GRADIENT_PROGRAM_H_
