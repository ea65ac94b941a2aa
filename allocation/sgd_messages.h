#ifndef MUSTER_ALLOCATION_SGD_MESSAGES_H_
#define MUSTER_ALLOCATION_SGD_MESSAGES_H_

// What the server of a stochastic gradient method and its workers say to one
// another: one task is one stochastic gradient at the point that the request
// carries.

#include <cstdint>
#include <memory>
#include <vector>

namespace muster::allocation {

struct GradientRequest {
  // The iterate to compute at: an immutable version, shared by all requests
  // that carry it. d doubles.
  std::shared_ptr<const std::vector<double>> point;
  // Names the random sample: equal draws give equal samples of the same data,
  // on whatever worker and at whatever time.
  uint64_t draw = 0;
  // Stochastic gradients to average, >= 1.
  int64_t samples = 1;

  static void Fields(auto& self, auto&& visit) {
    visit(self.point, self.draw, self.samples);
  }
};

struct GradientResponse {
  std::vector<double> gradient;  // d

  static void Fields(auto& self, auto&& visit) { visit(self.gradient); }
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_MESSAGES_H_
