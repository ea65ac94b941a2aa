#include "muster/allocation/allocators.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/allocation/ata_allocator.h"
#include "muster/allocation/change_detection_allocator.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/discounted_allocator.h"
#include "muster/allocation/fixed_allocators.h"
#include "muster/allocation/kl_lcb_allocator.h"
#include "muster/allocation/learning_allocator.h"
#include "muster/allocation/sliding_window_allocator.h"
#include "muster/allocation/thompson_allocator.h"
#include "muster/allocation/top_m_allocator.h"
#include "muster/allocation/variance_aware_allocator.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

using Leftover = Allocation::Leftover;

template <WidthKind kKind>
std::unique_ptr<Allocator> CreateAta(absl::string_view name,
                                     const AllocatorOptions& options) {
  return std::make_unique<AtaAllocator>(
      name, kKind, ConfidenceWidth(kKind, options), options);
}

std::unique_ptr<Allocator> CreateGreedyMean(absl::string_view name,
                                            const AllocatorOptions& options) {
  return std::make_unique<AtaAllocator>(name, WidthKind::kRelative, 0, options);
}

template <Leftover kLeftover>
std::unique_ptr<Allocator> CreateGta(absl::string_view name,
                                     const AllocatorOptions& options) {
  return std::make_unique<GtaAllocator>(name, kLeftover, options);
}

template <typename Member>
std::unique_ptr<Allocator> Create(absl::string_view name,
                                  const AllocatorOptions& options) {
  return std::make_unique<Member>(name, options);
}

using Needs = AllocatorEntry::Needs;

constexpr AllocatorEntry kTable[] = {
    {"ata", "min-max on lower confidence bounds with absolute widths (alpha)",
     Needs::kAlpha, CreateAta<WidthKind::kAbsolute>},
    {"ata_empirical",
     "min-max on lower confidence bounds with relative widths (eta)",
     Needs::kNothing, CreateAta<WidthKind::kRelative>},
    {"ofta", "the fixed min-max allocation of the true means (oracle)",
     Needs::kTrueMeans, Create<OftaAllocator>},
    {"uta", "the same number of tasks for everybody", Needs::kNothing,
     Create<UtaAllocator>},
    {"gta", "all workers race to the budget-th completion; the rest is dropped",
     Needs::kNothing, CreateGta<Leftover::kReset>},
    {"gta_keep", "as gta, but running tasks go on and count later",
     Needs::kNothing, CreateGta<Leftover::kKeep>},
    {"gta_keep_drop_stale",
     "as gta, but running tasks go on and their results are dropped",
     Needs::kNothing, CreateGta<Leftover::kKeepDropStale>},
    {"greedy_mean", "min-max on the observed means, without exploration",
     Needs::kNothing, CreateGreedyMean},
    {"sliding_window_ata", "ata on the last rounds only (window)",
     Needs::kAlphaIfAbsolute, Create<SlidingWindowAllocator>},
    {"discounted_ata", "ata with exponential forgetting (discount)",
     Needs::kAlphaIfAbsolute, Create<DiscountedAllocator>},
    {"change_detection_ata",
     "ata that forgets workers whose speed changed, and probes idle ones",
     Needs::kAlphaIfAbsolute, Create<ChangeDetectionAllocator>},
    {"kl_lcb", "min-max on Kullback-Leibler lower bounds", Needs::kNothing,
     Create<KlLcbAllocator>},
    {"variance_aware",
     "min-max on quantiles of the sums of durations (deviation_weight)",
     Needs::kAlphaIfAbsolute, Create<VarianceAwareAllocator>},
    {"top_m_greedy", "the m fastest workers race to the budget-th completion",
     Needs::kNothing, Create<TopMAllocator>},
    {"thompson", "min-max on means drawn from their posteriors",
     Needs::kNothing, Create<ThompsonAllocator>},
};

}  // namespace

std::span<const AllocatorEntry> AllocatorTable() { return kTable; }

absl::StatusOr<std::unique_ptr<Allocator>> CreateAllocator(
    absl::string_view name, const AllocatorOptions& options) {
  for (const AllocatorEntry& entry : kTable) {
    if (entry.name != name) continue;
    MUSTER_RETURN_IF_ERROR(Validate(options));
    const bool needs_alpha = entry.needs == Needs::kAlpha ||
                             (entry.needs == Needs::kAlphaIfAbsolute &&
                              options.width_kind == WidthKind::kAbsolute);
    if (needs_alpha && std::isnan(options.alpha)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "alpha is not set, but ", name,
          " needs a bound on the durations' psi_1 norm: set alpha (seconds, > "
          "0), or use relative widths (ata_empirical, or width_kind), which "
          "need none"));
    }
    if (entry.needs == Needs::kTrueMeans && options.true_means.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("true_means is empty, but ", name,
                       " is an oracle: give the mean of each worker"));
    }
    return entry.create(entry.name, options);
  }
  return absl::NotFoundError(absl::StrCat(
      "no allocator is called ", name, "; there are ",
      absl::StrJoin(kTable, ", ",
                    [](std::string* out, const AllocatorEntry& entry) {
                      absl::StrAppend(out, entry.name);
                    })));
}

}  // namespace muster::allocation
