#ifndef MUSTER_RUNTIME_TRACE_FILE_H_
#define MUSTER_RUNTIME_TRACE_FILE_H_

// Readers of four published measurements of workers' speeds, plain or gzip.
// Values are as published; cluster_spec.h turns them into seconds. Common
// errors: NotFound without the file, DataLoss naming the line that was reached
// for truncated or damaged gzip, InvalidArgument naming the line (JSON: the
// line of a syntax error, or the path of keys to a wrong value), what was found
// there and what is expected, for an empty file, a missing column or key, and
// values that are no positive finite numbers. Time and memory are linear in the
// file.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::runtime {

// The record of one worker or machine: positive finite values in order of time.
struct RecordedWorker {
  int64_t id = 0;  // as in the file
  std::vector<double> values;
};

// Alibaba cluster-trace-gpu-v2020, mini-batch-time (CC BY 4.0): the time that
// each worker of one distributed training job took for each mini-batch.
struct MiniBatchTrace {
  // Ascending id; values are mini-batch times normalised within the job, in
  // (0, 1000], by ascending iteration. Iterations that the publisher lacks for
  // a worker are skipped, a pair that occurs twice is kept twice (job_2 has
  // one): sequences are the worker's own and do not line up across workers.
  std::vector<RecordedWorker> workers;
  int64_t num_rows = 0;
  int64_t num_iterations = 0;  // distinct ones
};
// CSV with a header that names the columns worker, time (the iteration) and
// batch_time_norm; others are ignored. A time of 0 is an error: the published
// files have none (the least is 380, 620 in job_3), and no mini-batch takes no
// time.
absl::StatusOr<MiniBatchTrace> ReadMiniBatchTrace(absl::string_view path);

// Azure VM Noise Dataset 2024 (CC BY 4.0): one benchmark run again and again on
// virtual machines of one kind.
struct VmNoiseTrace {
  // Ascending id; values are scores in operations per second (higher is
  // faster), by ascending start time of the run. Long-lived files have 3
  // machines with thousands of runs each, short-lived ones thousands with one
  // run each.
  std::vector<RecordedWorker> machines;
  int64_t num_rows = 0;
  // Over all rows; the mean of the two middle ones if they are even in number.
  double median_value = 0;
};
// CSV with a header that names the columns value, starttime (a time such as
// 2023-06-23 15:46:48.880) and VM_id.
absl::StatusOr<VmNoiseTrace> ReadVmNoiseTrace(absl::string_view path);

// Gavel (OSDI 2020), simulation_throughputs.json (MIT): training throughput of
// job types on kinds of machines.
class GavelThroughputs {
 public:
  // Whole steps per second of each job type run alone. Of the pairs that share
  // a machine nothing is kept.
  static absl::StatusOr<GavelThroughputs> Read(absl::string_view path);

  // Steps per second of `job`, such as "ResNet-18 (batch size 16)", on
  // `num_gpus` machines of `machine`, such as "v100". NotFound, listing what
  // exists, for an unknown machine or job, and for a job that did not run there
  // (recorded as 0 steps per second: too large for the machine's memory).
  absl::StatusOr<double> StepsPerSecond(absl::string_view machine,
                                        absl::string_view job,
                                        int num_gpus) const;

  // By machine, then by job type as in the file: "('ResNet-18 (batch size 16)',
  // 1)". Zeros are kept.
  const std::map<std::string, std::map<std::string, double>>& throughputs()
      const {
    return throughputs_;
  }

 private:
  std::string path_;
  std::map<std::string, std::map<std::string, double>> throughputs_;
};

// FLASH (WWW 2021), on-device training of one LSTM layer on a phone (BSD
// 2-clause): a grid of layer shapes with one time each.
struct OnDeviceRun {
  int32_t inputs;   // width of the layer's input
  int32_t outputs;  // width of its output
  int32_t batch_size;
  int32_t sequence_length;
  double seconds;
};
// JSON {"X": rows of [inputs / 1000, outputs / 1000, batch size / 50, sequence
// length / 10], "Y": as many rows of [seconds]}. In the order of the file.
absl::StatusOr<std::vector<OnDeviceRun>> ReadOnDeviceRuns(
    absl::string_view path);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_TRACE_FILE_H_
