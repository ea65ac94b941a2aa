#include "muster/benchmarks/ata/policies.h"

#include <algorithm>

#include "muster/allocation/allocators.h"
#include "muster/allocation/confidence.h"
#include "muster/runtime/check.h"

namespace muster::benchmarks {
namespace {

void UseFigures(allocation::AllocatorOptions* options) {
  options->width_constant = allocation::kPaperFigures.width_constant;
  options->eta = allocation::kPaperFigures.eta;
}

void UseText(allocation::AllocatorOptions* options) {
  options->width_constant = allocation::kPaperText.width_constant;
  options->eta = allocation::kPaperText.eta;
}

}  // namespace

Policy GreedyPolicy() { return {"gta", "GTA", "gta"}; }

Policy OracleFixed() { return {"ofta", "OFTA", "ofta", true}; }

Policy UniformPolicy() { return {"uta", "UTA", "uta"}; }

Policy Ata(Preset preset) {
  return preset == Preset::kFigures
             ? Policy{"ata_figures", "ATA", "ata", false, UseFigures}
             : Policy{"ata_text", "ATA", "ata", false, UseText};
}

Policy AtaEmpirical(Preset preset) {
  return preset == Preset::kFigures
             ? Policy{"ata_empirical_figures", "ATA-Empirical", "ata_empirical",
                      false, UseFigures}
             : Policy{"ata_empirical_text", "ATA-Empirical", "ata_empirical",
                      false, UseText};
}

std::vector<Policy> PaperPolicies(Preset preset) {
  return {GreedyPolicy(), OracleFixed(), Ata(preset), AtaEmpirical(preset),
          UniformPolicy()};
}

const Policy& FindPolicy(const std::vector<Policy>& policies,
                         absl::string_view key) {
  const auto policy =
      std::find_if(policies.begin(), policies.end(),
                   [&](const Policy& p) { return p.key == key; });
  MUSTER_CHECK(policy != policies.end()) << "no policy " << key;
  return *policy;
}

allocation::AllocatorOptions OptionsFor(const Workers& workers, int64_t budget,
                                        uint64_t seed) {
  allocation::AllocatorOptions options;
  options.num_workers = workers.size();
  options.budget = budget;
  options.seed = seed;
  options.alpha = workers.alpha;
  return options;
}

absl::StatusOr<std::unique_ptr<allocation::Allocator>> MakeAllocator(
    const Policy& policy, const Workers& workers, int64_t budget,
    uint64_t seed) {
  allocation::AllocatorOptions options = OptionsFor(workers, budget, seed);
  if (policy.oracle) {
    options.true_means = workers.means;
    options.true_deviations = workers.deviations;
  }
  if (policy.adjust != nullptr) policy.adjust(&options);
  return allocation::CreateAllocator(policy.allocator, options);
}

}  // namespace muster::benchmarks
