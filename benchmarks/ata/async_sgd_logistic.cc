#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/benchmarks/ata/async_sgd_sections.h"
#include "muster/benchmarks/ata/sgd_runs.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/models/data/libsvm.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/logistic.h"
#include "muster/models/logistic_newton.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

using models::LogisticRegression;
using models::SparseDataset;
using runtime::SpeedLaw;

constexpr double kL2 = 1e-3;
constexpr char kSmallSteps[] = "ASGD, small steps";
constexpr char kA9a[] = "libsvm/a9a.gz";

// f - f*, on one thread: the runs themselves are in parallel.
struct Gap {
  std::shared_ptr<const LogisticRegression> problem;
  double minimum = 0;

  std::vector<double> InitialPoint() const { return problem->InitialPoint(); }
  double Objective(std::span<const double> x) const {
    return problem->Objective(x, {.threads = 1}) - minimum;
  }
};

using LogisticStudy = SgdStudy<LogisticRegression, Gap>;

// The rows of a9a that this effort uses. NotFound says how to get the file.
absl::StatusOr<std::shared_ptr<const SparseDataset>> LoadA9a(
    Experiment& experiment) {
  MUSTER_ASSIGN_OR_RETURN(const std::string path, experiment.DataFile(kA9a));
  MUSTER_ASSIGN_OR_RETURN(
      SparseDataset data,
      models::ReadLibsvm(
          path, {.num_features = 123,
                 .max_rows = experiment.flags().ByEffort<int64_t>(4000, 32561,
                                                                  32561)}));
  return std::make_shared<const SparseDataset>(std::move(data));
}

absl::StatusOr<std::shared_ptr<const LogisticRegression>> MakeProblem(
    std::shared_ptr<const SparseDataset> data) {
  MUSTER_ASSIGN_OR_RETURN(
      LogisticRegression problem,
      LogisticRegression::Create(std::move(data), {.l2 = kL2}));
  return std::make_shared<const LogisticRegression>(std::move(problem));
}

// A study on all of `data`, without workers, shards or limits.
absl::StatusOr<LogisticStudy> MakeStudy(
    Experiment& experiment, std::string name,
    std::shared_ptr<const SparseDataset> data, double target) {
  MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<const LogisticRegression> problem,
                          MakeProblem(std::move(data)));
  MUSTER_ASSIGN_OR_RETURN(const models::LogisticMinimum minimum,
                          models::MinimizeByNewton(*problem));
  LogisticStudy study;
  study.name = std::move(name);
  study.workers.smoothness = problem->Smoothness();
  study.shards = {problem};
  study.server = std::make_shared<const Gap>(Gap{problem, minimum.objective});
  study.options.target_objective = target;
  // An objective costs as much as thousands of gradients.
  study.options.record_every_steps = 2000;
  study.options.record_growth = 0.1;
  study.options.samples_per_task = 32;
  study.tuning_seed = experiment.flags().seed + 1000003;
  return study;
}

// True when a9a is not there: the claims named are skipped.
bool SkipWithoutData(Experiment& experiment, const absl::Status& status,
                     std::vector<ClaimText> claims) {
  if (!absl::IsNotFound(status)) return false;
  for (ClaimText& claim : claims) {
    experiment.claims().Skip(std::move(claim), status.message());
  }
  return true;
}

std::vector<ClaimText> A9aClaims() {
  return {
      {"a9a.ringmaster_asgd", "Ringmaster paper",
       "a9a: Ringmaster's time / classic ASGD's: a delay bound that drops late "
       "gradients of 17 workers costs little"},
      {"a9a.bill", "ATA, Table 2",
       "a9a: handing out B = 23 by known means (OFTA) costs less worker time "
       "than racing for them (GTA)"},
      {"a9a.reach", "ours",
       "a9a: Ringmaster, Rennala and SGD under ATA-E reach the target"}};
}

std::vector<ClaimText> SortedClaims() {
  return {
      {"sorted.bias", "Ringleader paper",
       "a9a sorted by label: classic ASGD's gap at the end of a long run with "
       "small steps / the target (its fast workers see negative rows only)"},
      {"sorted.reach", "Ringleader paper",
       "a9a sorted by label: Ringleader, Malenia and SGD-ATA for "
       "heterogeneous data reach the target; classic ASGD with small steps "
       "and Ringmaster do not"},
      {"sorted.ringleader_asgd", "Ringleader paper",
       "a9a sorted by label: Ringleader is faster than classic ASGD with the "
       "steps by which noise carries it to the target soonest"},
      {"sorted.ringleader_malenia", "Ringleader paper",
       "a9a sorted by label: Ringleader is faster than Malenia, whose workers "
       "discard what they do at old points"}};
}

}  // namespace

absl::Status CompareOnA9a(Experiment& experiment) {
  const std::vector<ClaimText> texts = A9aClaims();
  const auto data = LoadA9a(experiment);
  if (SkipWithoutData(experiment, data.status(), texts)) {
    return absl::OkStatus();
  }
  MUSTER_RETURN_IF_ERROR(data.status());
  const CommonFlags& flags = experiment.flags();
  MUSTER_ASSIGN_OR_RETURN(LogisticStudy study,
                          MakeStudy(experiment, "a9a", *data, 5e-3));
  constexpr int kWorkers = 17;
  for (int i = 1; i <= kWorkers; ++i) {
    const double scale = 29.0 * i;
    study.workers.laws.push_back(SpeedLaw::ShiftedExponential(scale, scale));
  }
  study.workers.alpha = 1.532 * 29 * kWorkers;
  study.options.max_gradients = flags.ByEffort<int64_t>(8000, 60000, 200000);
  // Steps and batches whose noise leaves the objective below the target: with
  // larger steps a run passes it by luck, and the tuning seed's luck is not
  // that of the others.
  const std::vector<double> small = {0.2, 0.1, 0.05};
  const std::vector<double> adaptive = {1, 0.5, 0.2, 0.1};
  const std::vector<double> large = {2, 1};
  const std::vector<int64_t> race = {6, 23};
  const std::vector<int64_t> round = {23};
  MUSTER_ASSIGN_OR_RETURN(
      SgdComparison comparison,
      CompareMethods(
          experiment, study,
          {{"ASGD", "asgd", small},
           {"delay-adaptive ASGD", "delay_adaptive_asgd", adaptive},
           {"Ringmaster", "ringmaster", small, {40}},
           {"Rennala", "rennala", large, race},
           {"SGD, GTA", "sgd", large, round, "gta"},
           {"SGD, UTA", "sgd", large, round, "uta"},
           {"SGD, OFTA", "sgd", large, round, "ofta"},
           {"SGD, ATA-Empirical", "sgd", large, round, "ata_empirical"},
           {"ASGD, ATA-Empirical", "asgd_rounds", small, round,
            "ata_empirical"}}));
  experiment.AddTable(ComparisonTable(
      comparison, "a9a",
      "L2 logistic regression on a9a, linear law, n = 17, target f - f* = "
      "0.005"));
  experiment.AddFigure(ComparisonFigure(comparison, "async_a9a",
                                        "Logistic regression on a9a", "f - f*",
                                        study.options.target_objective));
  Claims& claims = experiment.claims();
  // R = 40 drops work of the slowest six at most, which give an eighth of all
  // gradients; the rest of the margin is for the runs' noise.
  claims.JudgeAtMost(texts[0],
                     PairedRatios(comparison.SecondsToTarget("Ringmaster"),
                                  comparison.Seconds("ASGD")),
                     1.5);
  claims.JudgeLess(texts[1], comparison.WorkerSecondsToTarget("SGD, OFTA"),
                   comparison.WorkerSeconds("SGD, GTA"));
  claims.JudgeTrue(texts[2], comparison.Reached("Ringmaster") &&
                                 comparison.Reached("Rennala") &&
                                 comparison.Reached("SGD, ATA-Empirical"));
  return absl::OkStatus();
}

absl::Status CompareOnSortedA9a(Experiment& experiment) {
  const std::vector<ClaimText> texts = SortedClaims();
  const auto data = LoadA9a(experiment);
  if (SkipWithoutData(experiment, data.status(), texts)) {
    return absl::OkStatus();
  }
  MUSTER_RETURN_IF_ERROR(data.status());
  const CommonFlags& flags = experiment.flags();
  constexpr int64_t kWorkers = 8;
  // Equal shards, so that the mean of the workers' objectives is the objective.
  std::vector<int64_t> rows((*data)->num_rows() / kWorkers * kWorkers);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
  const auto used =
      std::make_shared<const SparseDataset>(models::SelectRows(**data, rows));
  MUSTER_ASSIGN_OR_RETURN(LogisticStudy study,
                          MakeStudy(experiment, "sorted", used, 0.01));
  study.shards.clear();
  for (const std::vector<int64_t>& shard :
       CutShards(*used, kWorkers, models::Sharding::kByLabel)) {
    MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<const LogisticRegression> problem,
                            MakeProblem(std::make_shared<const SparseDataset>(
                                models::SelectRows(*used, shard))));
    study.shards.push_back(std::move(problem));
    const auto i = static_cast<double>(study.shards.size());
    study.workers.laws.push_back(SpeedLaw::ShiftedExponential(i, i));
  }
  study.workers.alpha = 1.532 * kWorkers;
  study.options.max_gradients = flags.ByEffort<int64_t>(6000, 60000, 200000);
  const std::vector<double> steps = {1, 0.5, 0.2, 0.1, 0.05};
  const std::vector<double> small = {0.2, 0.1, 0.05, 0.02, 0.01};
  MUSTER_ASSIGN_OR_RETURN(
      SgdComparison comparison,
      CompareMethods(experiment, study,
                     {{"ASGD", "asgd", small},
                      {kSmallSteps, "asgd", {0.05}},
                      {"Ringmaster", "ringmaster", small, {4, 12}},
                      {"Ringleader", "ringleader", steps},
                      {"Malenia", "malenia", steps, {8, 24}},
                      {"SGD, ATA-Empirical",
                       "sgd_heterogeneous",
                       steps,
                       {8, 24},
                       "ata_empirical"}}));
  experiment.AddTable(ComparisonTable(
      comparison, "sorted",
      "a9a sorted by label over 8 workers, target f - f* = 0.01"));
  experiment.AddFigure(ComparisonFigure(
      comparison, "async_sorted", "Each worker has data of its own", "f - f*",
      study.options.target_objective));
  Claims& claims = experiment.claims();
  std::vector<double> bias = comparison.Objectives(kSmallSteps);
  for (double& gap : bias) gap /= study.options.target_objective;
  claims.JudgeAtLeast(texts[0], bias, 1.2);
  claims.JudgeTrue(texts[1], comparison.Reached("Ringleader") &&
                                 comparison.Reached("Malenia") &&
                                 comparison.Reached("SGD, ATA-Empirical") &&
                                 comparison.NeverReached(kSmallSteps) &&
                                 comparison.NeverReached("Ringmaster"));
  claims.JudgeLess(texts[2], comparison.SecondsToTarget("Ringleader"),
                   comparison.Seconds("ASGD"));
  claims.JudgeLess(texts[3], comparison.SecondsToTarget("Ringleader"),
                   comparison.Seconds("Malenia"));
  return absl::OkStatus();
}

}  // namespace muster::benchmarks
