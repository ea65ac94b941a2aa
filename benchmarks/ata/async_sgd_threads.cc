#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/benchmarks/ata/async_sgd_sections.h"
#include "muster/benchmarks/ata/sgd_runs.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/models/quadratic.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/thread_cluster.h"
#include "muster/runtime/virtual_cluster.h"

namespace muster::benchmarks {
namespace {

namespace ma = allocation;
using models::Quadratic;
using Program = ma::GradientProgram<Quadratic>;

struct Setting {
  std::shared_ptr<const Quadratic> problem;
  SgdWorkers workers;
  int64_t steps = 0;
  uint64_t seed = 0;
};

// The last iterate of `method` on threads, resp. in virtual time.
absl::StatusOr<ma::SgdSummary> Train(const Setting& setting,
                                     const SgdMethod& method, int64_t steps,
                                     bool on_threads,
                                     const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(auto model,
                          MakeSpeedModel(setting.workers, setting.seed));
  MUSTER_ASSIGN_OR_RETURN(
      auto policy, MakeSgdPolicy(method, {method.steps[0], method.sizes[0]},
                                 setting.workers, setting.seed));
  auto programs = MakePrograms<Quadratic>(
      {setting.problem}, setting.workers.laws.size(), setting.seed);
  const ma::SgdOptions options = {.max_steps = steps,
                                  .record_every_steps = steps};
  const runtime::Runtime quiet = {.threads = runtime.threads,
                                  .stop = runtime.stop};
  std::unique_ptr<runtime::Cluster<Program>> cluster;
  if (on_threads) {
    // A task of one virtual second takes two milliseconds.
    MUSTER_ASSIGN_OR_RETURN(cluster,
                            runtime::ThreadCluster<Program>::Create(
                                std::move(programs), std::move(model),
                                {.seconds_per_virtual_second = 0.002}, quiet));
  } else {
    cluster = std::make_unique<runtime::VirtualCluster<Program>>(
        std::move(programs), std::move(model), runtime::VirtualClusterOptions(),
        quiet);
  }
  MUSTER_ASSIGN_OR_RETURN(
      ma::SgdSummary summary,
      ma::RunSgd(*cluster, *setting.problem, *policy, options, quiet));
  if (summary.termination == ma::Termination::kStopped) {
    return absl::CancelledError("stopped");
  }
  return summary;
}

}  // namespace

// What a wall clock says differs from run to run and is not kept: only what
// must hold on any machine is.
absl::Status CompareOnThreads(Experiment& experiment) {
  MUSTER_ASSIGN_OR_RETURN(
      Quadratic quadratic,
      Quadratic::Create({.dimension = 400, .noise_variance = 0.01}));
  Setting setting = {
      .problem = std::make_shared<const Quadratic>(std::move(quadratic)),
      .workers = {},
      .steps = experiment.flags().ByEffort<int64_t>(40, 200, 500),
      .seed = experiment.flags().seed};
  for (int i = 1; i <= 4; ++i) {
    setting.workers.laws.push_back(
        runtime::SpeedLaw::Exponential(0.5 * i, 0.1));
  }
  setting.workers.alpha = 2;
  setting.workers.smoothness = setting.problem->Smoothness();
  const std::vector<SgdMethod> methods = {
      {"sgd uta", "sgd", {0.5}, {8}, "uta"},
      {"sgd ata_empirical", "sgd", {0.5}, {8}, "ata_empirical"},
      {"rennala", "rennala", {0.5}, {8}},
      {"asgd", "asgd", {0.1}},
      {"ringmaster stop", "ringmaster_stop", {0.2}, {4}},
      {"delay adaptive", "delay_adaptive_asgd", {0.2}},
      {"mindflayer", "mindflayer", {0.5}, {8}},
      {"malenia", "malenia", {0.5}, {8}},
      {"ringleader", "ringleader", {0.2}},
  };
  Claims& claims = experiment.claims();
  const double start =
      setting.problem->Objective(setting.problem->InitialPoint());
  bool all_fall = true;
  bool same_bits = true;
  for (const SgdMethod& method : methods) {
    MUSTER_ASSIGN_OR_RETURN(
        const ma::SgdSummary threads,
        Train(setting, method, setting.steps, true, experiment.runtime()));
    all_fall = all_fall && threads.steps == setting.steps &&
               threads.objective < 0.5 * start;
    if (method.policy != "sgd") continue;
    MUSTER_ASSIGN_OR_RETURN(
        const ma::SgdSummary virtual_time,
        Train(setting, method, setting.steps, false, experiment.runtime()));
    same_bits = same_bits && threads.x == virtual_time.x;
  }
  claims.JudgeTrue(
      {"threads.descend", "ours",
       absl::StrCat("on real threads ", methods.size(),
                    " methods take all their steps and halve the objective")},
      all_fall);
  claims.JudgeTrue({"threads.same_bits", "ours",
                    "barrier rounds on real threads end at the iterate of the "
                    "virtual cluster, to the bit"},
                   same_bits);
  return absl::OkStatus();
}

}  // namespace muster::benchmarks
