#ifndef MUSTER_DISPATCH_CLUSTERERS_H_
#define MUSTER_DISPATCH_CLUSTERERS_H_

// The table of clusterers, and creation by name.
//
//   MUSTER_ASSIGN_OR_RETURN(
//       std::unique_ptr<Clusterer> clusterer,
//       CreateClusterer("merge_split",
//                       {.merge_split = {.max_iterations = 20}}));

#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/balanced_clusterer.h"
#include "muster/dispatch/balanced_fast_clusterer.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/exact_clusterer.h"
#include "muster/dispatch/exact_programme.h"
#include "muster/dispatch/k_center_clusterer.h"
#include "muster/dispatch/lp_rounding_clusterer.h"
#include "muster/dispatch/merge_split_clusterer.h"
#include "muster/dispatch/stability_clusterer.h"

namespace muster::dispatch {

// The options of every member; each reads its own.
struct ClustererOptions {
  MergeSplitOptions merge_split = {};
  StabilityOptions stability = {};
  BalancedOptions balanced = {};
  BalancedFastOptions balanced_fast = {};
  LpRoundingOptions lp_rounding = {};
  KCenterOptions k_center = {};
  ExactOptions exact = {};
};

struct ClustererEntry {
  absl::string_view name;
  absl::string_view description;  // one line
  // InvalidArgument when the member's options are wrong.
  absl::StatusOr<std::unique_ptr<Clusterer>> (*create)(
      const ClustererOptions& options);
};

// All members, in the order of presentation.
std::span<const ClustererEntry> ClustererTable();

// The clusterer called `name`. NotFound, with the names that exist;
// InvalidArgument for options that are wrong, naming the field.
absl::StatusOr<std::unique_ptr<Clusterer>> CreateClusterer(
    absl::string_view name, const ClustererOptions& options = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERERS_H_
