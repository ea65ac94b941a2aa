#ifndef MUSTER_RUNTIME_CLUSTER_SPEC_H_
#define MUSTER_RUNTIME_CLUSTER_SPEC_H_

// The workers of a cluster as a short text, for a flag:
//
//   preset:ata_sqrt(n=51)                          a paper's workers
//   n=51; 29*sqrt(i) + exp(29*sqrt(i))             a formula of the worker's
//   index 10 x const(1); 5 x exp(3) | pause(every=50, length=9)
//   trace:alibaba(job_1)                           recorded workers
//   n=51; trace:gavel("LM (batch size 10)", k80=1, v100=1)
//   preset:ata_linear(n=17) | markov(slow=10, up=1e4, down=1e3) @3
//                           | step(at=1e6, factor=0.1) @10..17
//
// Grammar ({} any number of times, [] optional, blanks free):
//
//   spec     = [ "n" "=" number ";" ] group { ";" group }
//   group    = [ number "x" ] source { "|" modifier [ "@" workers ] }
//   source   = law | "preset:" name [ args ] | "trace:" name [ args ]
//   law      = sum of formulas and at most one of
//              const(seconds) uniform(low, high) exp(mean)
//              shifted_exp(offset, mean) half_normal(sigma)
//              lognormal(mu, sigma) gamma(shape, scale) weibull(shape, scale)
//              pareto(minimum, alpha) resample(x1, x2, ...) replay(x1, x2, ...)
//   modifier = step(at, factor) ramp(begin, end, factor)
//              sine(period, amplitude, phase=0) markov(slow, up, down)
//              pause(every, length) crash(up, down) crash(at, back=never)
//   workers  = number [ ".." number ] { "," number [ ".." number ] }
//
// Laws and modifiers are those of speed_law.h and speed_modifier.h. Parameters
// are formulas (spec_expression.h) of i, the worker's index from 1
// (WorkerId::index + 1), j, its index in the group, and n, the number of
// workers; those of laws by position or name, those of modifiers by name. A sum
// without a law is a constant. Outside parentheses `exp` is the exponential
// law; inside, e to the x. `@` numbers workers as i does.
//
// A group without a count has one worker for a law, n for a preset, one per
// recorded worker for a trace; after "n = ...;" it has what the others leave of
// n (one group only). A group larger than its trace repeats the recorded
// workers in turn (with mode=replay such repeats last equally long: prefer
// mode=resample).
//
// Traces (files under data_dir, or "a path" in place of the name; defaults
// first):
//
//   alibaba(job, worker=all|3|0..4, mode=replay|resample, scale=0.001)
//       scale: seconds of a normalised time of 1; 0.001 makes the job's slowest
//       mini-batch last one second
//   azure(benchmark, lifespan=long|short, region=eastus|westus2,
//   sku=B8ms|D8s_v5,
//         mode=replay|resample|fixed, scale=1)
//       a task takes scale * median / value seconds, value the machine's ops/s.
//       replay: a worker is a machine and its runs in order. resample: each
//       task draws one of the machine's runs; of short-lived machines, which
//       have one run each, one of all machines' (one worker unless counted).
//       fixed: a worker is a machine of constant speed, its first run.
//       Short-lived machines default to resample.
//   gavel(job, gpus=1, steps=1, k80=0, p100=0, v100=0, k80_unconsolidated=0,
//   ...)
//       that many workers of each machine, of constant speed: a task is `steps`
//       steps of the job
//   flash(phone, mode=resample|replay, inputs, outputs, batch, sequence,
//   scale=1)
//       a task is one of the phone's LSTM layers with the given widths, batch
//       size and sequence length; those not given vary over the whole grid
//
// Errors are InvalidArgument (a file's own errors keep their code): "cluster
// spec, column 8: what is wrong and what was expected", the text (unless it is
// blank), and a caret below it.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {

struct SpecContext {
  // The folder of data sets, which has traces/alibaba-pai-minibatch and so on.
  std::string data_dir;
};

// 1 to kMaxWorkers workers, valid for SpeedModel::Create as far as single laws
// and modifiers go. Linear in the text, the workers and the traces' files.
absl::StatusOr<ClusterSpec> ParseClusterSpec(absl::string_view text,
                                             const SpecContext& context = {});

// spec.text, or, if that is empty, the workers one by one (equal neighbours as
// one group): parsing it gives the same workers.
std::string ToText(const ClusterSpec& spec);

// The presets, for help texts. Defaults are the paper's.
struct ClusterPreset {
  absl::string_view name;
  absl::string_view description;
  int64_t default_num_workers;
};
const std::vector<ClusterPreset>& ClusterPresets();

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_CLUSTER_SPEC_H_
