// Beyond the paper's images: a table (a9a) and texts (20 Newsgroups).
//
// Dick et al., "Data driven resource allocation for distributed learning",
// AISTATS 2017, section 5, has one table, of clicks, which is private: there
// all ways of splitting are tied at small k ("best for all k", as the text has
// it, is not what its own figure 3e shows), and at large k random falls first.
// a9a is the same kind of data. Texts are sparse: TF-IDF of 61,188 words, which
// learners see as they are and routers through a random projection to 128
// dimensions, by the seed. Documents come sorted by class and are shuffled.
//
// Neither the paper nor anything else says who wins on texts. 20 Newsgroups are
// split by date: the test documents are later, of other threads, and their
// nearest neighbours are of their class half as often as within the training
// part. So a fifth of the training part, held out, is a second test set, of
// which the paper's setting is true (queries and data of one law), and the
// claims ask what that difference does.
//
// k = 2 ... 64; linear one-against-all machines without bias. Scoring: mean
// accuracy over seeds, paired by seed; beside it one machine on all rows (k =
// 1). Seeds differ in their training rows (with --full most of them are in all)
// and the sample; with texts in the projection and in what is held out, too.
// The test sets that come with the data are whole but for --quick: what is
// said is said of them.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_grid.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/benchmarks/dispatch/drawn_intervals.h"
#include "muster/benchmarks/dispatch/real_rows.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace {

namespace mb = muster::benchmarks;
using muster::runtime::Runtime;

constexpr int64_t kDimension = 128;
constexpr int64_t kNewsGroups = 8;  // k of the claims on texts
// How near to one another the ways of splitting count as tied.
constexpr double kTied = .01;

struct Study {
  std::string key = {};
  std::string title = {};
  // The rows to draw those of a seed from.
  std::function<absl::StatusOr<mb::SharedDataset>(uint64_t seed,
                                                  const Runtime&)>
      data = nullptr;
  mb::DatasetSize size = {};  // of a seed
  int64_t sample_size = 0;
  std::vector<int64_t> groups = {};
  std::vector<mb::DispatchMethod> methods = {};
};

std::vector<mb::DispatchMethod> AllMethods() {
  return {mb::PaperMethod(), mb::BalancedPriceMethod(), mb::KdTreeMethod(),
          mb::HashMethod(), mb::RandomMethod()};
}

// No claim on texts is about the tree or LSH: --quick does without.
std::vector<mb::DispatchMethod> TextMethods(const mb::CommonFlags& flags) {
  if (!flags.quick()) return AllMethods();
  return {mb::PaperMethod(), mb::BalancedPriceMethod(), mb::RandomMethod()};
}

mb::DispatchGrid MakeGrid(const Study& study) {
  mb::DispatchGrid grid{
      .name = study.key,
      .data = [all = study.data, size = study.size](
                  uint64_t seed,
                  const Runtime& runtime) -> absl::StatusOr<mb::SharedDataset> {
        MUSTER_ASSIGN_OR_RETURN(const mb::SharedDataset rows,
                                all(seed, runtime));
        return mb::Subsample(*rows, size, seed);
      },
      .methods = study.methods,
      .groups = study.groups};
  grid.run.sample_size = study.sample_size;
  grid.run.workers = 16;
  return grid;
}

// All rows on one machine: its accuracy by seed.
using Whole = std::vector<double>;
absl::StatusOr<Whole> WholeAccuracy(mb::Experiment& experiment,
                                    const Study& study) {
  mb::DispatchGrid grid = MakeGrid(study);
  grid.name = study.key + ".whole";
  grid.methods = {mb::RandomMethod()};
  grid.groups = {1};
  MUSTER_ASSIGN_OR_RETURN(const mb::DispatchGridResults results,
                          mb::RunDispatchGrid(experiment, std::move(grid)));
  if (!results.complete()) return absl::CancelledError("stopped");
  return results.Accuracies(mb::RandomMethod().key, 1);
}

mb::Panel Draw(const Study& study, const mb::DispatchGridResults& results,
               double whole) {
  mb::Panel panel{
      .title = study.title,
      .x = {.label = "groups k", .scale = mb::AxisSpec::Scale::kLog},
      .y = {.label = "accuracy on the test set"},
      .series = results.AccuracyCurves(/*exclude=*/true),
      .references = {{.value = whole, .label = "one machine, all rows"}}};
  mb::ClipIntervals(mb::kShares, &panel);
  return panel;
}

// Ours against another method at k groups.
void JudgeAbove(mb::Claims& claims, const Study& study,
                const mb::DispatchGridResults& results,
                const mb::DispatchMethod& other, int64_t k) {
  claims.JudgeLess(
      {absl::StrCat(study.key, ".", other.key, ".k", k), study.title,
       absl::StrCat("k = ", k, ": ", other.label, " is below ours")},
      results.Accuracies(other.key, k),
      results.Accuracies(mb::PaperMethod().key, k));
}

// Routing by price gained up to 5 points on generated data and lost .6 on
// digits, at a hundredth of the work: what is asked is that it loses no more.
void JudgePrice(mb::Claims& claims, const Study& study,
                const mb::DispatchGridResults& results) {
  for (const int64_t k : study.groups) {
    claims.JudgeAtLeast(
        {absl::StrCat(study.key, ".price.k", k), "ours",
         absl::StrCat(study.title, ", k = ", k,
                      ": balanced k-means routed by price is not below the "
                      "paper's method by more than .01")},
        mb::PairedDifferences(
            results.Accuracies(mb::PaperMethod().key, k),
            results.Accuracies(mb::BalancedPriceMethod().key, k)),
        -kTied);
  }
}

void JudgeTable(mb::Experiment& experiment, const Study& study,
                const mb::DispatchGridResults& results, const Whole&) {
  mb::Claims& claims = experiment.claims();
  const int64_t first = study.groups.front();
  for (const mb::DispatchMethod& other :
       {mb::KdTreeMethod(), mb::HashMethod(), mb::RandomMethod()}) {
    claims.JudgeBetween(
        {absl::StrCat(study.key, ".tied.", other.key), "Figure 3e",
         absl::StrCat("k = ", first, ": ours and ", other.label,
                      " are within .01 (as on the paper's clicks)")},
        mb::PairedDifferences(results.Accuracies(other.key, first),
                              results.Accuracies(mb::PaperMethod().key, first)),
        -kTied, kTied);
  }
  JudgeAbove(claims, study, results, mb::RandomMethod(), study.groups.back());
  JudgePrice(claims, study, results);
}

// What splitting costs texts.
void JudgeTexts(mb::Experiment& experiment, const Study& study,
                const mb::DispatchGridResults& results, const Whole& whole) {
  for (const int64_t k : study.groups) {
    experiment.claims().JudgeLess(
        {absl::StrCat(study.key, ".whole.k", k), "ours",
         absl::StrCat(study.title, ", k = ", k,
                      ": ours is below one machine on all rows")},
        results.Accuracies(mb::PaperMethod().key, k), whole);
  }
  JudgePrice(experiment.claims(), study, results);
}

// And, on documents of the same weeks, the paper's claim for every set.
void JudgeHeldOut(mb::Experiment& experiment, const Study& study,
                  const mb::DispatchGridResults& results, const Whole& whole) {
  JudgeAbove(experiment.claims(), study, results, mb::RandomMethod(),
             kNewsGroups);
  JudgeTexts(experiment, study, results, whole);
}

// Later documents cost every way of splitting; those that follow the structure
// of the earlier ones more.
void JudgeLater(mb::Experiment& experiment,
                const mb::DispatchGridResults& later,
                const mb::DispatchGridResults& same) {
  const auto loss = [&](const mb::DispatchMethod& method) {
    return mb::PairedDifferences(later.Accuracies(method.key, kNewsGroups),
                                 same.Accuracies(method.key, kNewsGroups));
  };
  experiment.claims().JudgeLess(
      {"20news.later", "ours",
       absl::StrCat("20 Newsgroups, k = ", kNewsGroups,
                    ": later documents cost random less than ours")},
      loss(mb::RandomMethod()), loss(mb::PaperMethod()));
}

absl::StatusOr<Study> MakeTable(mb::Experiment& experiment) {
  const mb::CommonFlags& flags = experiment.flags();
  Study study{.key = "a9a",
              .title = "a9a",
              .size = {.train_rows = flags.ByEffort(6'000, 24'000, 30'000),
                       .test_rows = flags.ByEffort(4'000, 16'281, 16'281)},
              .sample_size = flags.ByEffort(1'500, 10'000, 10'000),
              .groups = flags.quick()
                            ? std::vector<int64_t>{2, 32}
                            : std::vector<int64_t>{2, 4, 8, 16, 32, 64},
              .methods = AllMethods()};
  MUSTER_ASSIGN_OR_RETURN(const mb::SharedDataset all, mb::A9aData(experiment));
  study.data = [all](uint64_t, const Runtime&) { return all; };
  return study;
}

// The documents, read once, as `make` makes rows of them.
absl::StatusOr<decltype(Study::data)> FromNews(mb::Experiment& experiment,
                                               decltype(&mb::NewsByDate) make) {
  MUSTER_ASSIGN_OR_RETURN(mb::NewsCounts read, mb::ReadNews(experiment));
  const auto counts = std::make_shared<const mb::NewsCounts>(std::move(read));
  return [counts, make](uint64_t seed, const Runtime& runtime) {
    return make(*counts, kDimension, seed, runtime);
  };
}

absl::StatusOr<Study> MakeTexts(mb::Experiment& experiment) {
  const mb::CommonFlags& flags = experiment.flags();
  Study study{.key = "20news",
              .title = "20 Newsgroups, by date",
              .size = {.train_rows = flags.ByEffort(2'000, 9'000, 10'500),
                       .test_rows = flags.ByEffort(1'000, 7'505, 7'505)},
              .sample_size = flags.ByEffort(1'200, 5'000, 5'000),
              .groups = flags.quick() ? std::vector<int64_t>{4, 8}
                                      : std::vector<int64_t>{2, 4, 8, 16, 32},
              .methods = TextMethods(flags)};
  MUSTER_ASSIGN_OR_RETURN(study.data, FromNews(experiment, mb::NewsByDate));
  return study;
}

absl::StatusOr<Study> MakeHeldOut(mb::Experiment& experiment) {
  const mb::CommonFlags& flags = experiment.flags();
  Study study{.key = "20news_held_out",
              .title = "20 Newsgroups, held out",
              .size = {.train_rows = flags.ByEffort(2'000, 8'000, 9'000),
                       .test_rows = flags.ByEffort(1'000, 2'000, 2'253)},
              .sample_size = flags.ByEffort(1'200, 5'000, 5'000),
              .groups = flags.quick() ? std::vector<int64_t>{4, 8}
                                      : std::vector<int64_t>{2, 8, 32},
              .methods = TextMethods(flags)};
  MUSTER_ASSIGN_OR_RETURN(study.data, FromNews(experiment, mb::NewsHeldOut));
  return study;
}

using Maker = absl::StatusOr<Study> (*)(mb::Experiment&);
using Judge = void (*)(mb::Experiment&, const Study&,
                       const mb::DispatchGridResults&, const Whole&);

// nullopt where the data are missing, and the claims skipped, or the run was
// stopped.
absl::StatusOr<std::optional<mb::DispatchGridResults>> RunStudy(
    mb::Experiment& experiment, const char* name, Maker make, Judge judge,
    mb::FigureSpec* figure) {
  absl::StatusOr<Study> study = make(experiment);
  if (absl::IsNotFound(study.status())) {
    const std::string reason(study.status().message());
    experiment.claims().Skip(
        {absl::StrCat(name, ".order"), name, "ours against the baselines"},
        reason);
    experiment.claims().Skip(
        {absl::StrCat(name, ".price"), "ours",
         "price routing is not below the paper's method by more than .01"},
        reason);
    return std::optional<mb::DispatchGridResults>();
  }
  MUSTER_RETURN_IF_ERROR(study.status());
  MUSTER_ASSIGN_OR_RETURN(mb::DispatchGridResults results,
                          mb::RunDispatchGrid(experiment, MakeGrid(*study)));
  if (!results.complete()) return std::optional<mb::DispatchGridResults>();
  MUSTER_ASSIGN_OR_RETURN(const Whole whole_by_seed,
                          WholeAccuracy(experiment, *study));
  const double whole = mb::MeanInterval(whole_by_seed).mean;
  mb::AddGridTables(experiment, results, study->title);
  experiment.Note(absl::StrCat(study->title,
                               ": one machine on all rows is right on ", whole,
                               " of the test rows."));
  figure->panels.push_back(Draw(*study, results, whole));
  judge(experiment, *study, results, whole_by_seed);
  return std::optional<mb::DispatchGridResults>(std::move(results));
}

absl::Status Run(mb::Experiment& experiment) {
  mb::FigureSpec figure{
      .name = "text_and_tables",
      .title = "A table and texts: accuracy by the way of splitting",
      .caption =
          "Means over seeds with 95 % intervals. A method is left out at the k "
          "where half of its groups hold 98 % of the rows: on a9a also the "
          "tree, as a feature drawn at random is mostly 0. The newsgroups' "
          "test documents are later than the training documents, or held out "
          "of these.",
      .columns = 3};
  MUSTER_RETURN_IF_ERROR(
      RunStudy(experiment, "a9a", MakeTable, JudgeTable, &figure).status());
  MUSTER_ASSIGN_OR_RETURN(
      const auto later,
      RunStudy(experiment, "20news", MakeTexts, JudgeTexts, &figure));
  MUSTER_ASSIGN_OR_RETURN(const auto same,
                          RunStudy(experiment, "20news_held_out", MakeHeldOut,
                                   JudgeHeldOut, &figure));
  if (later.has_value() && same.has_value()) {
    JudgeLater(experiment, *later, *same);
  }
  if (!figure.panels.empty()) experiment.AddFigure(std::move(figure));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "text_and_tables",
       .title = "a table and texts split along their structure",
       .source = "Muster, on public data; Dick et al. (AISTATS 2017), Figure "
                 "3e for tables",
       .claims = "a9a: all ways of splitting are tied at k = 2; at large k "
                 "random is below ours\n"
                 "20 Newsgroups: splitting costs accuracy; ours > random on "
                 "documents of the same weeks; later ones cost ours more\n"
                 "beyond the paper: routing by price is not below ours by more "
                 "than .01",
       .examples =
           "./bazelw run //benchmarks/dispatch:text_and_tables -- --seeds=5",
       .default_seeds = 3,
       .quick_seeds = 5,
       .full_seeds = 10},
      Run);
}
