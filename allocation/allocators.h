// The table of allocation policies, and creation by name.

#ifndef MUSTER_ALLOCATION_ALLOCATORS_H_
#define MUSTER_ALLOCATION_ALLOCATORS_H_

#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"

namespace muster::allocation {

struct AllocatorEntry {
  // Options without a default that the policy cannot do without.
  enum class Needs {
    kNothing,
    kAlpha,            // alpha
    kAlphaIfAbsolute,  // alpha, if width_kind is kAbsolute
    kTrueMeans,        // true_means
  };

  absl::string_view name;
  absl::string_view description;  // one line
  Needs needs;
  std::unique_ptr<Allocator> (*create)(absl::string_view name,
                                       const AllocatorOptions& options);
};

// All members, in the order of presentation.
std::span<const AllocatorEntry> AllocatorTable();

// The policy called `name`. NotFound, with the names that exist;
// InvalidArgument for options that are wrong, or that this policy requires and
// that are missing.
absl::StatusOr<std::unique_ptr<Allocator>> CreateAllocator(
    absl::string_view name, const AllocatorOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ALLOCATORS_H_
