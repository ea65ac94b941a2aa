#ifndef MUSTER_BENCHMARKS_ATA_POLICIES_H_
#define MUSTER_BENCHMARKS_ATA_POLICIES_H_

// The policies that the ATA experiments compare, as in the paper's legends.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/benchmarks/ata/workers.h"

namespace muster::benchmarks {

struct Policy {
  std::string key;        // unique, for tasks and claims: "ata_figures"
  std::string label;      // for people: "ATA"
  std::string allocator;  // the name in the table of allocators
  // Whether it is told the true means and deviations.
  bool oracle = false;
  // Overrides on top of what OptionsFor sets, applied last; null: none.
  std::function<void(allocation::AllocatorOptions*)> adjust = nullptr;
};

// Which constants the confidence widths of ATA and ATA-Empirical have.
enum class Preset {
  kFigures,  // those of the published figures: 4e, eta = 2
  kText,     // those of the published text: 2, eta = 1
};

Policy GreedyPolicy();   // GTA
Policy OracleFixed();    // OFTA
Policy UniformPolicy();  // UTA
Policy Ata(Preset preset);
Policy AtaEmpirical(Preset preset);

// GTA, OFTA, ATA, ATA-Empirical and UTA, learners by `preset`.
std::vector<Policy> PaperPolicies(Preset preset);

// The one of that key; CHECKs that there is one.
const Policy& FindPolicy(const std::vector<Policy>& policies,
                         absl::string_view key);

// n, B, seed and alpha of `workers`.
allocation::AllocatorOptions OptionsFor(const Workers& workers, int64_t budget,
                                        uint64_t seed);

// The allocator of `policy` for `workers`.
absl::StatusOr<std::unique_ptr<allocation::Allocator>> MakeAllocator(
    const Policy& policy, const Workers& workers, int64_t budget,
    uint64_t seed);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_POLICIES_H_
