#ifndef MUSTER_ALLOCATION_GRADIENT_TRANSPORT_H_
#define MUSTER_ALLOCATION_GRADIENT_TRANSPORT_H_

// The cluster as the server's side of a gradient method sees it: without the
// type of the workers' programs, so that everything above is compiled once.

#include <concepts>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "muster/allocation/sgd_messages.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/timeline.h"

namespace muster::allocation {

using GradientCompletion = runtime::Completion<GradientResponse>;

// Each member means what the member of that name of runtime::Cluster means.
class GradientTransport {
 public:
  virtual ~GradientTransport() = default;

  virtual int32_t num_workers() const = 0;
  virtual double NowSeconds() const = 0;
  virtual bool IsUp(runtime::WorkerId worker) const = 0;
  virtual double NextUpSeconds(runtime::WorkerId worker) const = 0;
  virtual int64_t Submit(runtime::WorkerId worker, GradientRequest request,
                         const runtime::TaskOptions& options) = 0;
  virtual absl::StatusOr<GradientCompletion> Next() = 0;
  virtual absl::StatusOr<bool> AdvanceTo(double seconds) = 0;
  virtual void Cancel(runtime::WorkerId worker) = 0;
  virtual int64_t num_in_flight() const = 0;
  virtual const runtime::Timeline& timeline() const = 0;
};

// A cluster of any program with these messages.
template <runtime::PureWorkerProgram Program>
requires std::same_as<typename Program::Request, GradientRequest> &&
    std::same_as<typename Program::Response, GradientResponse>
class ClusterTransport final : public GradientTransport {
 public:
  // `cluster` is not owned and outlives this.
  explicit ClusterTransport(runtime::Cluster<Program>* cluster)
      : cluster_(*cluster) {}

  int32_t num_workers() const override { return cluster_.num_workers(); }
  double NowSeconds() const override { return cluster_.NowSeconds(); }
  bool IsUp(runtime::WorkerId worker) const override {
    return cluster_.IsUp(worker);
  }
  double NextUpSeconds(runtime::WorkerId worker) const override {
    return cluster_.NextUpSeconds(worker);
  }
  int64_t Submit(runtime::WorkerId worker, GradientRequest request,
                 const runtime::TaskOptions& options) override {
    return cluster_.Submit(worker, std::move(request), options);
  }
  absl::StatusOr<GradientCompletion> Next() override { return cluster_.Next(); }
  absl::StatusOr<bool> AdvanceTo(double seconds) override {
    return cluster_.AdvanceTo(seconds);
  }
  void Cancel(runtime::WorkerId worker) override { cluster_.Cancel(worker); }
  int64_t num_in_flight() const override { return cluster_.num_in_flight(); }
  const runtime::Timeline& timeline() const override {
    return cluster_.timeline();
  }

 private:
  runtime::Cluster<Program>& cluster_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_GRADIENT_TRANSPORT_H_
