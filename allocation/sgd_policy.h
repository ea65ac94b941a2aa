#ifndef MUSTER_ALLOCATION_SGD_POLICY_H_
#define MUSTER_ALLOCATION_SGD_POLICY_H_

// Who computes a gradient where, and what becomes of it: the interface of every
// synchronous and asynchronous stochastic gradient method.
//
// A method is the server's side only. It is told of events in the order of the
// cluster's clock and answers with orders to an SgdServer (sgd_server.h): send
// the newest iterate to a worker, cancel a worker's work, take a step. It knows
// neither the problem nor the transport. The life of a policy:
//
//   CheckWorkers  Start ( OnGradient | OnLoss | OnReturn )*
//
// CheckWorkers and Start come once, before anything was sent; everything else
// refers to what the policy has sent, or to a worker that came back. A worker
// that is down (SgdServer::IsUp false) must not be sent anything. When nothing
// is in flight and nobody is up the run waits for the first return, so a policy
// that wants to go on sends something whenever it can.
//
// Notation: x_k the iterate after k steps (its *version* is k), gamma the step
// size, n the number of workers. A gradient computed at x_{k - delta} and
// received when the iterate is x_k has *delay* delta.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/ids.h"

namespace muster::allocation {

class SgdServer;

// A task that came back, and what it was.
struct GradientTask {
  runtime::WorkerId worker;
  int64_t task = 0;     // the worker's task number
  uint64_t draw = 0;    // as sent
  int64_t version = 0;  // of the iterate that it was sent
  double seconds = 0;   // how long it ran; 0 when it was lost before it ran
};

struct GradientArrival : GradientTask {
  std::vector<double> gradient;  // d; may be moved from
};

enum class LossCause {
  kCrashed,    // the worker is gone, with all that was queued there
  kAbandoned,  // it ran beyond its limit; the worker is free for another task
};

struct GradientLoss : GradientTask {
  LossCause cause = LossCause::kCrashed;
};

// Deterministic: the options and the sequence of events fix every order. Not
// thread-safe. One object serves one run.
class SgdPolicy {
 public:
  virtual ~SgdPolicy() = default;

  // As in the table of sgd_policies.h.
  virtual absl::string_view name() const = 0;

  // Whether it can run on a cluster of so many workers; if not,
  // InvalidArgument with both numbers. By default it can.
  virtual absl::Status CheckWorkers(int32_t /*num_workers*/) const {
    return absl::OkStatus();
  }
  virtual void Start(SgdServer& server) = 0;
  virtual void OnGradient(SgdServer& server, GradientArrival& arrival) = 0;
  // A crash that loses several tasks of a worker is told one by one, the worker
  // being down from the first on.
  virtual void OnLoss(SgdServer& server, const GradientLoss& loss) = 0;
  // The worker is up again, with nothing in flight.
  virtual void OnReturn(SgdServer& server, runtime::WorkerId worker) = 0;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_POLICY_H_
