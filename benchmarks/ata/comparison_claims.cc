// The tables and the claims of the synthetic experiments.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/allocation/confidence.h"
#include "muster/benchmarks/ata/law_comparison.h"
#include "muster/benchmarks/ata/policy_grid.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"

namespace muster::benchmarks {
namespace {

// One published number and where ours comes from.
struct Entry {
  const char* measure;  // "worker time" or "runtime"
  const char* label;    // of the policy
  const char* figures;  // key of the policy in the figures' preset
  const char* text;     // and in the text's
  double published;
};

std::vector<Entry> Entries(const PublishedRatios& row) {
  return {
      {"worker time", "ATA", "ata_figures", "ata_text", row.worker_time_ata},
      {"worker time", "ATA-Empirical", "ata_empirical_figures",
       "ata_empirical_text", row.worker_time_ata_empirical},
      {"worker time", "OFTA", "ofta", "ofta", row.worker_time_ofta},
      {"runtime", "ATA", "ata_figures", "ata_text", row.runtime_ata},
      {"runtime", "ATA-Empirical", "ata_empirical_figures",
       "ata_empirical_text", row.runtime_ata_empirical},
      {"runtime", "OFTA", "ofta", "ofta", row.runtime_ofta},
  };
}

// GTA's worker time over the policy's, or the policy's runtime over GTA's; one
// value per seed.
std::vector<double> Ratios(const Comparison& comparison, int32_t size_index,
                           absl::string_view measure, const char* key) {
  if (measure == "worker time") {
    return PairedRatios(MeanWorkerSeconds(comparison.runs(size_index, "gta")),
                        MeanWorkerSeconds(comparison.runs(size_index, key)));
  }
  return PairedRatios(MeanRoundSeconds(comparison.runs(size_index, key)),
                      MeanRoundSeconds(comparison.runs(size_index, "gta")));
}

int32_t SizeIndex(const Comparison& comparison, int32_t n) {
  const std::vector<int32_t>& sizes = comparison.options().sizes;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == n) return static_cast<int32_t>(i);
  }
  return -1;
}

std::vector<double> AverageRegret(const std::vector<PolicyRun>& runs) {
  return PerSeed(runs, [](const PolicyRun& run) {
    return run.last().proxy_regret / static_cast<double>(run.last().round);
  });
}

double Mean(const std::vector<double>& values) {
  return MeanInterval(values).mean;
}

std::string Statement(const Entry& entry, int32_t n) {
  return entry.measure == absl::string_view("runtime")
             ? absl::StrFormat("%s's runtime over GTA's, n = %d", entry.label,
                               n)
             : absl::StrFormat("GTA's worker time over %s's, n = %d",
                               entry.label, n);
}

void AddRatioTable(Experiment& experiment, const Comparison& comparison,
                   absl::string_view source,
                   std::span<const PublishedRatios> published) {
  Table table("ratios",
              {"n", "ratio", "policy", "paper", "ours, figures' constants",
               "deviation [%]", "ours, text's constants"},
              absl::StrFormat("%s: worker time GTA / policy and runtime policy "
                              "/ GTA after %d rounds",
                              source, comparison.options().rounds));
  for (const PublishedRatios& row : published) {
    const int32_t size = SizeIndex(comparison, row.n);
    if (size < 0) continue;
    for (const Entry& entry : Entries(row)) {
      const double ours =
          Mean(Ratios(comparison, size, entry.measure, entry.figures));
      table.AddRow({row.n, entry.measure, entry.label, entry.published, ours,
                    100 * (ours / entry.published - 1),
                    Mean(Ratios(comparison, size, entry.measure, entry.text))});
    }
  }
  experiment.AddTable(std::move(table));
}

}  // namespace

void AddComparisonTables(Experiment& experiment, const Comparison& comparison,
                         absl::string_view source,
                         std::span<const PublishedRatios> published) {
  if (!published.empty()) {
    AddRatioTable(experiment, comparison, source, published);
  }
  Table table(
      "rounds",
      {"n", "policy", "constants", "runtime per round [s]",
       "worker time per round [s]", "average regret [s]", "exploring rounds"},
      absl::StrFormat("means over %d rounds and %d seed(s)",
                      comparison.options().rounds, experiment.flags().seeds));
  for (size_t i = 0; i < comparison.options().sizes.size(); ++i) {
    const auto size = static_cast<int32_t>(i);
    for (const Policy& policy : comparison.policies()) {
      const std::string& key = policy.key;
      table.AddRow({comparison.options().sizes[i], policy.label,
                    policy.adjust == nullptr       ? ""
                    : key.find("text") != key.npos ? "text"
                                                   : "figures",
                    Mean(MeanRoundSeconds(comparison.runs(size, key))),
                    Mean(MeanWorkerSeconds(comparison.runs(size, key))),
                    Mean(AverageRegret(comparison.runs(size, key))),
                    Mean(ExploringRounds(comparison.runs(size, key)))});
    }
  }
  experiment.AddTable(std::move(table));
}

void JudgePublishedRatios(Experiment& experiment, const Comparison& comparison,
                          absl::string_view source,
                          std::span<const PublishedRatios> published) {
  Claims& claims = experiment.claims();
  for (const PublishedRatios& row : published) {
    const int32_t size = SizeIndex(comparison, row.n);
    for (const Entry& entry : Entries(row)) {
      ClaimText text{.id = absl::StrFormat("%s.n%d.%s.%s", source, row.n,
                                           entry.label, entry.measure),
                     .source = std::string(source),
                     .statement = Statement(entry, row.n)};
      const bool learner = entry.figures != absl::string_view("ofta");
      if (size < 0) {
        claims.Skip(std::move(text), "this number of workers was not run");
      } else if (learner && comparison.options().rounds != kPaperRounds) {
        text.paper = absl::StrFormat("%g", entry.published);
        claims.Skip(std::move(text),
                    "depends on the number of rounds; run with --full");
      } else {
        claims.JudgeNear(std::move(text), entry.published,
                         Ratios(comparison, size, entry.measure, entry.figures),
                         0.01);
      }
    }
  }
}

namespace {

// Claims on one size, with what they share.
class SizeClaims {
 public:
  SizeClaims(Experiment& experiment, const Comparison& comparison,
             int32_t size_index, absl::string_view source)
      : claims_(experiment.claims()),
        comparison_(comparison),
        size_(size_index),
        n_(comparison.options().sizes[size_index]),
        source_(source) {}

  // GTA's bill is n times its runtime by definition; UTA's the mean of all
  // workers' times B; OFTA's that of its fixed counts.
  void JudgeBills() {
    const Workers& workers = comparison_.workers(size_);
    const std::vector<double> runtime =
        MeanRoundSeconds(comparison_.runs(size_, "gta"));
    const std::vector<double> bill =
        MeanWorkerSeconds(comparison_.runs(size_, "gta"));
    std::vector<double> ratio = PairedRatios(bill, runtime);
    // The simulator bills a round of GTA by this very product.
    ClaimText gta = Text("bill.gta",
                         "self-check of the bookkeeping: GTA's worker time "
                         "over its runtime is n, as it is billed");
    gta.source = "Self-check";
    claims_.JudgeNear(std::move(gta), n_, ratio, 1e-9);
    const auto budget = static_cast<double>(comparison_.options().budget);
    double sum = 0;
    for (double mean : workers.means) sum += mean;
    claims_.JudgeNear(
        Text("bill.uta", "UTA's worker time per round is (B/n) sum mu_i"),
        budget / n_ * sum, MeanWorkerSeconds(comparison_.runs(size_, "uta")),
        0.02);
    const ProxyOptimum optimum =
        FindProxyOptimum(workers, comparison_.options().budget);
    claims_.JudgeNear(
        Text("bill.ofta", "OFTA's worker time per round is sum a_i mu_i"),
        optimum.worker_seconds,
        MeanWorkerSeconds(comparison_.runs(size_, "ofta")), 0.01);
    claims_.JudgeLess(Text("order.bill", "OFTA's worker time is below GTA's"),
                      MeanWorkerSeconds(comparison_.runs(size_, "ofta")), bill);
  }

  // GTA < OFTA < ATA, ATA-Empirical < UTA in runtime.
  void JudgeRuntimeOrder() {
    JudgeLess("runtime", "gta", "ofta", "GTA's runtime is below OFTA's");
    JudgeLess("runtime", "ofta", "uta", "OFTA's runtime is below UTA's");
    JudgeLess("runtime", "ata_empirical_text", "uta",
              "ATA-Empirical's runtime (text's constants) is below UTA's");
    JudgeLess("runtime", "ata_text", "uta",
              "ATA's runtime (text's constants) is below UTA's");
    // Where exploration is short the two are alike.
    if (n_ < 40) return;
    JudgeLess("runtime", "ata_empirical_text", "ata_text",
              "ATA-Empirical's runtime is below ATA's (text's constants)");
  }

  // A wider interval costs more regret, once all learners have explored.
  void JudgeRegretOrder() {
    if (comparison_.options().rounds != kPaperRounds) return;
    claims_.JudgeLess(Text("regret.ata",
                           "ATA's regret with the text's constants is below "
                           "that with the figures'"),
                      AverageRegret(comparison_.runs(size_, "ata_text")),
                      AverageRegret(comparison_.runs(size_, "ata_figures")));
    claims_.JudgeLess(
        Text("regret.ata_empirical",
             "ATA-Empirical's regret with the text's constants is below that "
             "with the figures'"),
        AverageRegret(comparison_.runs(size_, "ata_empirical_text")),
        AverageRegret(comparison_.runs(size_, "ata_empirical_figures")));
  }

  // Rounds until every score is positive, against the closed form
  // k0 = (1/B) sum ln(2 k0^2) / y_i^2 (allocation/confidence.h).
  void JudgeExploration() {
    const Workers& workers = comparison_.workers(size_);
    const auto judge = [&](const char* key, const char* label,
                           allocation::WidthKind kind, double width) {
      const double expected = allocation::ExplorationRounds(
          kind, workers.means, width, comparison_.options().budget);
      // Later rounds with a zero score are a handful.
      if (expected > 0.9 * static_cast<double>(comparison_.options().rounds)) {
        return;
      }
      claims_.JudgeNear(
          Text(absl::StrCat("exploration.", key),
               absl::StrFormat("exploring rounds of %s against the closed form",
                               label)),
          expected, ExploringRounds(comparison_.runs(size_, key)),
          expected < 60 ? 0.08 : 0.03);
    };
    using allocation::WidthKind;
    judge("ata_text", "ATA, text's constants", WidthKind::kAbsolute,
          allocation::kPaperText.width_constant * workers.alpha);
    judge("ata_figures", "ATA, figures' constants", WidthKind::kAbsolute,
          allocation::kPaperFigures.width_constant * workers.alpha);
    judge("ata_empirical_text", "ATA-Empirical, text's constants",
          WidthKind::kRelative,
          allocation::kPaperText.width_constant * allocation::kPaperText.eta);
    judge("ata_empirical_figures", "ATA-Empirical, figures' constants",
          WidthKind::kRelative,
          allocation::kPaperFigures.width_constant *
              allocation::kPaperFigures.eta);
  }

 private:
  ClaimText Text(absl::string_view id, absl::string_view statement) const {
    return {.id = absl::StrFormat("n%d.%s", n_, id),
            .source = source_,
            .statement = absl::StrFormat("n = %d: %s", n_, statement)};
  }

  void JudgeLess(absl::string_view id, const char* a, const char* b,
                 absl::string_view statement) {
    claims_.JudgeLess(
        Text(absl::StrFormat("order.%s.%s.%s", id, a, b), statement),
        MeanRoundSeconds(comparison_.runs(size_, a)),
        MeanRoundSeconds(comparison_.runs(size_, b)));
  }

  Claims& claims_;
  const Comparison& comparison_;
  const int32_t size_;
  const int32_t n_;
  const std::string source_;
};

}  // namespace

void JudgeComparison(Experiment& experiment, const Comparison& comparison,
                     absl::string_view source) {
  for (size_t i = 0; i < comparison.options().sizes.size(); ++i) {
    SizeClaims claims(experiment, comparison, static_cast<int32_t>(i), source);
    claims.JudgeBills();
    claims.JudgeRuntimeOrder();
    claims.JudgeRegretOrder();
    claims.JudgeExploration();
  }
}

}  // namespace muster::benchmarks
