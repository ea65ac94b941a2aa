#ifndef MUSTER_RUNTIME_CLUSTER_CONTRACT_H_
#define MUSTER_RUNTIME_CLUSTER_CONTRACT_H_

// What every kind of cluster promises, as tests (testonly):
//
//   const ClusterKind kVirtual = MakeClusterKind(
//       "virtual", /*exact_times=*/true,
//       []<typename P>(std::vector<std::unique_ptr<P>> programs,
//                      const ClusterSpec& spec) { … });
//   INSTANTIATE_TEST_SUITE_P(
//       Virtual, ClusterContractTest,
//       ::testing::Combine(::testing::Values(kVirtual),
//                          ::testing::ValuesIn(ClusterContract())),
//       ClusterContractName);
//   TEST_P(ClusterContractTest, Holds) { CheckProperty(); }
//
// Durations in the specs are in the order of one second; a kind on a wall clock
// scales them down.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {

// Adds the request's numbers up; stateless. 8 + 8 * size bytes in, 8 out.
struct SumProgram {
  struct Request {
    std::vector<double> values;
    static void Fields(auto& self, auto&& visit) { visit(self.values); }
  };
  struct Response {
    double sum = 0;
    static void Fields(auto& self, auto&& visit) { visit(self.sum); }
  };
  Response Run(const Request& request) const {
    Response response;
    for (const double value : request.values) response.sum += value;
    return response;
  }
};

// Counts its runs, and notices when two overlap.
struct CountingProgram {
  struct Request {
    int32_t unused = 0;
    static void Fields(auto& self, auto&& visit) { visit(self.unused); }
  };
  struct Response {
    int64_t runs_before = 0;
    bool overlapped = false;
    static void Fields(auto& self, auto&& visit) {
      visit(self.runs_before, self.overlapped);
    }
  };
  Response Run(const Request&) {
    const bool overlapped = running.exchange(true);
    const Response response{.runs_before = runs, .overlapped = overlapped};
    ++runs;
    running.store(false);
    return response;
  }
  int64_t runs = 0;
  std::atomic<bool> running = false;
};

struct ClusterKind {
  std::string name;
  // Times follow from the spec alone. Else they are at least those, and depend
  // on the machine.
  bool exact_times;
  // A cluster whose workers' speeds follow the spec.
  std::function<std::unique_ptr<Cluster<SumProgram>>(const ClusterSpec&)>
      make_sum;
  std::function<std::unique_ptr<Cluster<CountingProgram>>(const ClusterSpec&)>
      make_counting;
};

// factory(programs, spec) makes a cluster of any program.
template <typename Factory>
ClusterKind MakeClusterKind(const std::string& name, bool exact_times,
                            Factory factory) {
  const auto make = [factory]<typename P>(const ClusterSpec& spec, P*) {
    std::vector<std::unique_ptr<P>> programs;
    for (size_t i = 0; i < spec.workers.size(); ++i) {
      programs.push_back(std::make_unique<P>());
    }
    return factory(std::move(programs), spec);
  };
  return {.name = name,
          .exact_times = exact_times,
          .make_sum =
              [make](const ClusterSpec& spec) {
                return make(spec, static_cast<SumProgram*>(nullptr));
              },
          .make_counting =
              [make](const ClusterSpec& spec) {
                return make(spec, static_cast<CountingProgram*>(nullptr));
              }};
}

struct ClusterProperty {
  std::string name;
  void (*check)(const ClusterKind& kind);
};

// All properties.
std::vector<ClusterProperty> ClusterContract();

class ClusterContractTest : public ::testing::TestWithParam<
                                std::tuple<ClusterKind, ClusterProperty>> {
 protected:
  void CheckProperty() {
    std::get<ClusterProperty>(GetParam())
        .check(std::get<ClusterKind>(GetParam()));
  }
};

inline std::string ClusterContractName(
    const ::testing::TestParamInfo<ClusterContractTest::ParamType>& info) {
  return std::get<ClusterKind>(info.param).name + "_" +
         std::get<ClusterProperty>(info.param).name;
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_CLUSTER_CONTRACT_H_
