#ifndef MUSTER_BENCHMARKS_EXPERIMENT_LIST_H_
#define MUSTER_BENCHMARKS_EXPERIMENT_LIST_H_

// The experiments that //benchmarks:reproduce runs: experiments.bzl, written
// out at build time as one line each, "//package:name<TAB>description".

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

struct ListedExperiment {
  std::string name = {};         // "sqrt_law"
  std::string label = {};        // "//benchmarks/ata:sqrt_law"
  std::string program = {};      // "benchmarks/ata/sqrt_law", in the runfiles
  std::string description = {};  // one line
};

// DataLoss names the line that is not of the form above, or a name that two
// experiments share.
absl::StatusOr<std::vector<ListedExperiment>> ParseExperimentList(
    absl::string_view text);

// Those named in `only` (commas between them; empty: all), in the list's order.
// NotFound lists what exists.
absl::StatusOr<std::vector<ListedExperiment>> SelectExperiments(
    const std::vector<ListedExperiment>& all, absl::string_view only);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_EXPERIMENT_LIST_H_
