#ifndef MUSTER_BENCHMARKS_DISPATCH_REPLICATION_RUNS_H_
#define MUSTER_BENCHMARKS_DISPATCH_REPLICATION_RUNS_H_

// Dispatched runs that lose workers: synthetic data in 16 groups on 16 virtual
// workers, stored in one of several ways, asked while more and more workers are
// gone. What replication.cc tabulates and judges.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/benchmarks/harness/command_line.h"
#include "muster/runtime/runtime.h"

namespace muster::benchmarks {

// Workers lost of kReplicationWorkers, each set within the next.
inline constexpr int32_t kReplicationWorkers = 16;
const std::vector<int32_t>& LostWorkers();

// What a trained set of groups answers as workers are lost.
struct LossCurve {
  double copies = 0;                  // stored, a point
  double largest_load = 0;            // of a group, over the mean
  std::vector<double> accuracy = {};  // by kLost
  std::vector<double> answered = {};  // share, by kLost
  double crash_accuracy = 0;          // two workers crash in training
  double crash_answered = 0;

  static void Fields(auto& self, auto&& visit) {
    visit(self.copies, self.largest_load, self.accuracy, self.answered,
          self.crash_accuracy, self.crash_answered);
  }
};

// How points are stored.
struct Storage {
  std::string key = {};
  std::string label = {};
  double copies = 1;       // a point
  bool selective = false;  // else copies of all points
};

// p copies of all points, by a clustering for p copies; also with two workers
// that crash halfway through training.
absl::StatusOr<LossCurve> RunFixed(const CommonFlags& flags,
                                   const Storage& storage, uint64_t seed,
                                   const runtime::Runtime& runtime);

// A clustering for one copy, of which each point is stored in its first groups
// in the order of cost - price, one to three of them; queries may ask three.
absl::StatusOr<LossCurve> RunSelection(const CommonFlags& flags,
                                       const Storage& storage, uint64_t seed,
                                       const runtime::Runtime& runtime);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_REPLICATION_RUNS_H_
