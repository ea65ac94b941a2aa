#ifndef MUSTER_RUNTIME_TASK_DURATIONS_H_
#define MUSTER_RUNTIME_TASK_DURATIONS_H_

// The durations of all tasks of n workers, as a pure function of (seed, worker,
// task number): nothing is stored, any task can be asked for at any time in any
// order by any thread, and all policies of an experiment meet the same
// durations (common random numbers).
//
// Specified to the bit. Task t of worker w reads block t of the stream
// Rng(seed).Fork("task_duration", w); let `bits` be its first 64 bits, u =
// ToUnitOpen(bits), E = -Log(u) and Z = InverseNormalCdf(u) with the functions
// of math.h, and s, a, b the law's shift and parameters (speed_law.h):
//
//   constant             s + a
//   uniform              (s + a) + (b - a) * u
//   exponential          s + a * E
//   shifted exponential  (s + a) + b * E
//   half-normal          s + a * |Z|
//   lognormal            s + Exp(a + b * Z)
//   Weibull              s + b * Exp(Log(E) / a)
//   Pareto               s + a * Exp(E / b)
//   gamma                s + b * Gamma(r, a), r = stream.Fork("gamma", t)
//   empirical, resample  s + recorded[floor(bits * size / 2^64)]
//   empirical, replay    s + recorded[t modulo size]

#include <cstdint>
#include <span>
#include <vector>

#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"

namespace muster::runtime {

class TaskDurations {
 public:
  // laws[w] is the law of worker w; each must be valid, and there are at most
  // 2^31 - 1 (CHECKed). O(n) time; about 80 n bytes.
  TaskDurations(std::vector<SpeedLaw> laws, uint64_t seed);

  int32_t num_workers() const { return static_cast<int32_t>(laws_.size()); }
  uint64_t seed() const { return root_.seed(); }
  const SpeedLaw& law(int32_t worker) const { return laws_[worker]; }
  // In seconds; +infinity for a law without a mean.
  double Mean(int32_t worker) const { return laws_[worker].Mean(); }

  // Seconds, finite and positive. 0 <= worker < n and task >= 0 (unchecked in
  // optimised builds). O(1).
  double Draw(int32_t worker, int64_t task) const;

  // seconds[k] = Draw(workers[k], tasks[k]), to the bit; equal sizes (CHECKed).
  // The hot path of simulators: constant, uniform and (shifted) exponential
  // laws are evaluated several at a time by vector instructions.
  void DrawBatch(std::span<const int32_t> workers,
                 std::span<const int64_t> tasks,
                 std::span<double> seconds) const;

  // seconds[k] = Draw(first_worker + k, tasks[k]), to the bit; equal sizes
  // (CHECKed). As DrawBatch without the gathering: one task of each of a run
  // of workers, such as the first tasks of a greedy round.
  void DrawConsecutive(int32_t first_worker, std::span<const int64_t> tasks,
                       std::span<double> seconds) const;

 private:
  // What the vectorised path needs to know of a worker: a duration is offset +
  // scale * (u or E) by `family`.
  enum Family : int64_t { kUniformFamily, kExponentialFamily, kOtherFamily };
  struct Lane {
    uint64_t stream;
    double offset;
    double scale;
    int64_t family;
  };

  template <typename WorkerOf>
  void DrawBlocks(WorkerOf worker_of, std::span<const int64_t> tasks,
                  std::span<double> seconds) const;
  double DrawOther(int32_t worker, int64_t task, uint64_t bits) const;

  Rng root_;                    // Rng(seed)
  std::vector<SpeedLaw> laws_;  // by worker
  std::vector<Lane> lanes_;     // by worker
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_TASK_DURATIONS_H_
