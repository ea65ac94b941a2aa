#include "muster/allocation/sgd_policies.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "muster/allocation/asgd_with_allocator.h"
#include "muster/allocation/delay_adaptive_asgd.h"
#include "muster/allocation/heterogeneous_sgd_with_allocator.h"
#include "muster/allocation/malenia.h"
#include "muster/allocation/rennala.h"
#include "muster/allocation/ringleader.h"
#include "muster/allocation/ringmaster.h"
#include "muster/allocation/sgd_with_allocator.h"
#include "muster/allocation/synchronous_sgd.h"

namespace muster::allocation {
namespace {

using Created = absl::StatusOr<std::unique_ptr<SgdPolicy>>;

constexpr SgdPolicyEntry kTable[] = {
    {"sgd", "rounds of B gradients handed out by an allocator", false, true,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateSgdWithAllocator(
           {.step = o.step, .batch = o.batch, .allocator = o.allocator});
     }},
    {"asgd_rounds", "asynchronous steps inside an allocator's rounds", false,
     true,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateAsgdWithAllocator(
           {.step = o.step, .batch = o.batch, .allocator = o.allocator});
     }},
    {"synchronous_sgd", "one gradient each, wait for the m fastest", false,
     false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateSynchronousSgd({.step = o.step, .wait_for = o.batch});
     }},
    {"rennala", "the first B gradients at the newest iterate", false, false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateRennala({.step = o.step, .batch = o.batch});
     }},
    {"asgd", "classic asynchronous SGD: apply everything on arrival", false,
     false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateRingmaster({.step = o.step});
     }},
    {"ringmaster", "asynchronous SGD that ignores delays from R on", false,
     false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateRingmaster(
           {.step = o.step, .delay_threshold = o.delay_threshold});
     }},
    {"ringmaster_stop", "ringmaster that stops computations at delay R", false,
     false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateRingmaster({.step = o.step,
                                .delay_threshold = o.delay_threshold,
                                .stop_stale = true});
     }},
    {"delay_adaptive_asgd", "asynchronous SGD with steps ~ 1 / delay", false,
     false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateDelayAdaptiveAsgd(
           {.step = o.step, .smoothness = o.smoothness});
     }},
    {"mindflayer", "rounds of attempts that are given up after a time", false,
     false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateMindFlayer(
           {.step = o.step, .workers = o.mindflayer_workers});
     }},
    {"sgd_heterogeneous", "an allocator's rounds plus one task for everyone",
     true, true,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateHeterogeneousSgdWithAllocator(
           {.step = o.step, .batch = o.batch, .allocator = o.allocator});
     }},
    {"malenia", "all compute until the harmonic mean of counts is S / n", true,
     false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateMalenia(
           {.step = o.step, .batch = static_cast<double>(o.batch)});
     }},
    {"ringleader", "asynchronous with a table of each worker's mean gradient",
     true, false,
     [](const SgdPolicyOptions& o) -> Created {
       return CreateRingleader({.step = o.step});
     }},
};

}  // namespace

std::span<const SgdPolicyEntry> SgdPolicyTable() { return kTable; }

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateSgdPolicy(
    absl::string_view name, const SgdPolicyOptions& options) {
  std::string known;
  for (const SgdPolicyEntry& entry : kTable) {
    if (entry.name == name) return entry.create(options);
    absl::StrAppend(&known, known.empty() ? "" : ", ", entry.name);
  }
  return absl::NotFoundError(absl::StrCat("no gradient method is called '",
                                          name, "'; there are ", known));
}

}  // namespace muster::allocation
