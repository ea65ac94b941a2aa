#ifndef MUSTER_BENCHMARKS_REPRODUCTION_H_
#define MUSTER_BENCHMARKS_REPRODUCTION_H_

// Runs a list of experiments, each as a process of its own with a folder of its
// own, and gathers what they claim.

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/experiment_list.h"
#include "muster/benchmarks/outcome.h"

namespace muster::benchmarks {

struct ReproductionOptions {
  std::string out = {};  // absolute; experiment x writes to <out>/x
  // Flags that every experiment gets, e.g. "--quick".
  std::vector<std::string> flags = {};
  // Flags among these that shape results: for the command that runs it again.
  std::vector<std::string> shown_flags = {};
  // Folder of the programs, as Runfile finds them; tests give their own.
  std::function<absl::StatusOr<std::string>(absl::string_view)> find_program =
      {};
  int jobs = 1;  // experiments at a time, at least 1
  const std::atomic<bool>* stop = nullptr;
  std::function<int()> stop_signal = nullptr;
};

// Told of what happens, by one thread at a time.
struct ReproductionEvents {
  std::function<void(const ListedExperiment&)> started = {};
  std::function<void(const ListedExperiment&, absl::string_view line)> said =
      {};
  std::function<void(const Outcome&)> ended = {};
};

// One outcome per experiment, in the list's order, whatever ended first. An
// experiment that fails does not stop the others; its outcome has the exit
// code, and its last lines of output. All output goes to <out>/x/log.txt.
// Earlier results in <out>/x stay until the experiment writes new ones, and are
// never taken for new.
std::vector<Outcome> Reproduce(std::span<const ListedExperiment> experiments,
                               const ReproductionOptions& options,
                               const ReproductionEvents& events);

// 0: no claim failed; 1: an experiment ended with an error; 2: a claim failed.
int ExitCode(std::span<const Outcome> outcomes);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_REPRODUCTION_H_
