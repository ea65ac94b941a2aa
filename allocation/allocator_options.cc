#include "muster/allocation/allocator_options.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

constexpr int32_t kMaxWorkers = 10'000'000;
constexpr int64_t kMaxBudget = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxTasks = int64_t{1} << 53;

template <typename T>
absl::Status Bad(absl::string_view field, T value, absl::string_view bound) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, "; it must be ", bound));
}

// `values` is empty or holds num_workers finite entries, > 0 or >= 0.
absl::Status ValidatePerWorker(absl::string_view field,
                               std::span<const double> values,
                               int32_t num_workers, bool allow_zero) {
  if (values.empty()) return absl::OkStatus();
  if (values.size() != static_cast<size_t>(num_workers)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has ", values.size(), " entries; give one per ",
                     "worker (num_workers is ", num_workers, ") or none"));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const bool good = std::isfinite(values[i]) &&
                      (values[i] > 0 || (allow_zero && values[i] == 0));
    if (!good) {
      return Bad(absl::StrCat(field, "[", i, "]"), values[i],
                 allow_zero ? "finite and >= 0" : "finite and > 0");
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateSize(const AllocatorOptions& o) {
  if (o.num_workers < 1 || o.num_workers > kMaxWorkers) {
    return Bad("num_workers", o.num_workers,
               "in [1, 10000000]: set it to the cluster's number of workers");
  }
  if (o.budget < 1 || o.budget > kMaxBudget) {
    return Bad("budget", o.budget,
               "in [1, 2147483647]: set it to the tasks of one round");
  }
  if (o.budget > kMaxTasks / o.num_workers) {
    return absl::InvalidArgumentError(absl::StrCat(
        "num_workers * budget is ", o.num_workers, " * ", o.budget,
        "; it must be at most 2^53 for task counts to stay exact: lower one"));
  }
  return absl::OkStatus();
}

absl::Status ValidateConfidence(const AllocatorOptions& o) {
  if (!std::isnan(o.alpha) && !(o.alpha > 0 && std::isfinite(o.alpha))) {
    return Bad("alpha", o.alpha, "finite and > 0 seconds");
  }
  if (!(o.eta >= 0 && std::isfinite(o.eta))) {
    return Bad("eta", o.eta, "finite and >= 0");
  }
  if (!(o.width_constant >= 0 && std::isfinite(o.width_constant))) {
    return Bad("width_constant", o.width_constant, "finite and >= 0");
  }
  return absl::OkStatus();
}

absl::Status ValidateOracles(const AllocatorOptions& o) {
  MUSTER_RETURN_IF_ERROR(ValidatePerWorker(
      "communication_seconds", o.communication_seconds, o.num_workers, true));
  MUSTER_RETURN_IF_ERROR(
      ValidatePerWorker("true_means", o.true_means, o.num_workers, false));
  MUSTER_RETURN_IF_ERROR(ValidatePerWorker("true_deviations", o.true_deviations,
                                           o.num_workers, true));
  if (!o.true_deviations.empty() && o.true_means.empty()) {
    return absl::InvalidArgumentError(
        "true_deviations is set but true_means is empty; give both or neither");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const AllocatorOptions& o) {
  MUSTER_RETURN_IF_ERROR(ValidateSize(o));
  MUSTER_RETURN_IF_ERROR(ValidateConfidence(o));
  MUSTER_RETURN_IF_ERROR(ValidateOracles(o));
  if (o.window < 1) return Bad("window", o.window, ">= 1 round");
  if (!(o.discount > 0 && o.discount < 1)) {
    return Bad("discount", o.discount, "in (0, 1)");
  }
  if (!(o.change_ratio > 1 && std::isfinite(o.change_ratio))) {
    return Bad("change_ratio", o.change_ratio, "finite and > 1");
  }
  if (!(o.change_threshold > 0)) {
    return Bad("change_threshold", o.change_threshold, "> 0");
  }
  if (o.probe_period < 1) {
    return Bad("probe_period", o.probe_period, ">= 1 round");
  }
  if (!(o.deviation_weight >= 0 && std::isfinite(o.deviation_weight))) {
    return Bad("deviation_weight", o.deviation_weight, "finite and >= 0");
  }
  if (o.top_m < 0 || o.top_m > o.num_workers) {
    return Bad(
        "top_m", o.top_m,
        absl::StrCat("in [0, num_workers = ", o.num_workers, "]; 0 learns it"));
  }
  if (!(o.runtime_weight >= 0 && o.runtime_weight <= 1)) {
    return Bad("runtime_weight", o.runtime_weight, "in [0, 1]");
  }
  if (!(o.prior_mean_seconds > 0 && std::isfinite(o.prior_mean_seconds))) {
    return Bad("prior_mean_seconds", o.prior_mean_seconds,
               "finite and > 0 seconds");
  }
  return absl::OkStatus();
}

}  // namespace muster::allocation
