// Runs every experiment and tells what came of the papers' claims.
//
//   ./bazelw run //benchmarks:reproduce               all, quick (two minutes)
//   ./bazelw run //benchmarks:reproduce -- --full     all, at the papers' sizes
//   ./bazelw run //benchmarks:reproduce -- --list
//   ./bazelw run //benchmarks:reproduce -- --only=sqrt_law,regret
//
// Prints one table of claims; writes under --out (default: out/reproduce)
// claims.csv (the union, ids as "experiment/id"), report.html (one page with
// the figures, tables and provenance) and a folder for each experiment. When no
// experiment gave results, what an earlier run left stays.
//
// Exit codes: 0 no claim failed, 1 an experiment ended with an error, 2 a claim
// failed, 128 + N stopped by signal N (what is there is reported, --resume goes
// on).

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "gflags/gflags.h"
#include "muster/benchmarks/experiment_list.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/command_line.h"
#include "muster/benchmarks/harness/data_catalog.h"
#include "muster/benchmarks/harness/provenance.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/benchmarks/report.h"
#include "muster/benchmarks/reproduction.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/call_folder.h"
#include "muster/tools/command_line.h"
#include "muster/tools/progress.h"
#include "muster/tools/stop_signal.h"

DEFINE_bool(list, false, "print the experiments and end");
DEFINE_string(only, "", "names of experiments with commas; empty: all");
DEFINE_int64(jobs, 1,
             "experiments at a time; figures of one are drawn while the next "
             "computes");
DEFINE_string(experiments, "",
              "a list of experiments to use instead of experiments.bzl: lines "
              "of //package:name, a tab and a description");

namespace muster::benchmarks {
namespace {

constexpr int64_t kMaxJobs = 64;
constexpr char kList[] = "benchmarks/experiments.txt";

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc;
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc);
  return text;
}

// What is going on, on the standard error stream: on a terminal one redrawn
// line below the finished experiments, elsewhere a line at each start and end,
// and now and then the running experiment's own last line.
class Status {
 public:
  explicit Status(size_t total)
      : total_(total), terminal_(isatty(STDERR_FILENO) != 0) {}

  void Started(const ListedExperiment& experiment) {
    if (!terminal_) {
      Print(absl::StrCat(Count(), " ", experiment.name, ": ",
                         experiment.description));
    }
  }
  void Said(const ListedExperiment& experiment, absl::string_view line) {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> since = now - last_;
    // What a run says of its own flags is not to be passed over.
    const bool note = absl::StrContains(line, ": note: ");
    if (!note && since.count() < (terminal_ ? 0.1 : 15)) return;
    last_ = now;
    const std::string text =
        absl::StrCat(Count(), " ", experiment.name, ": ", line);
    if (note && terminal_) {
      Print(absl::StrCat("\r\x1b[K", text));
    } else if (terminal_) {
      std::fprintf(stderr, "\r\x1b[K%s", text.substr(0, kWidth).c_str());
      std::fflush(stderr);
    } else {
      Print(text);
    }
  }
  void Ended(const Outcome& outcome) {
    ++done_;
    int64_t counts[4] = {};
    for (const Claim& claim : outcome.claims) {
      ++counts[static_cast<int>(claim.verdict)];
    }
    std::string line = absl::StrFormat(
        "%s%s %-16s %6.1f s  %3d pass %3d fail %3d tie %3d skipped",
        terminal_ ? "\r\x1b[K" : "", Count(), outcome.name, outcome.seconds,
        counts[0], counts[1], counts[2], counts[3]);
    if (!outcome.ok()) {
      absl::StrAppend(&line, "  EXIT CODE ", outcome.exit_code);
      for (const std::string& said : outcome.last_lines) {
        absl::StrAppend(&line, "\n      ", said);
      }
    }
    Print(line);
  }

 private:
  static constexpr size_t kWidth = 110;

  std::string Count() const {
    return absl::StrCat("[", done_, "/", total_, "]");
  }
  static void Print(const std::string& line) {
    std::fprintf(stderr, "%s\n", line.c_str());
    std::fflush(stderr);
  }

  const size_t total_;
  const bool terminal_;
  size_t done_ = 0;
  std::chrono::steady_clock::time_point last_;
};

absl::StatusOr<std::vector<ListedExperiment>> Experiments() {
  std::string path = tools::ResolvePath(FLAGS_experiments);
  if (FLAGS_experiments.empty()) {
    MUSTER_ASSIGN_OR_RETURN(path, Runfile(kList));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::string text, runtime::ReadFile(path));
  MUSTER_ASSIGN_OR_RETURN(const auto all, ParseExperimentList(text));
  return SelectExperiments(all, FLAGS_only);
}

// The flags of every experiment, and those of them that shape results.
void PassOn(const CommonFlags& flags, ReproductionOptions* options) {
  options->shown_flags = {flags.full() ? "--full" : "--quick"};
  if (flags.seeds > 0) {
    options->shown_flags.push_back(absl::StrCat("--seeds=", flags.seeds));
  }
  options->shown_flags.push_back(absl::StrCat("--seed=", flags.seed));
  options->flags = options->shown_flags;
  options->flags.push_back(absl::StrCat("--threads=", flags.threads));
  if (!flags.data_dir.empty()) {
    options->flags.push_back(absl::StrCat("--data_dir=", flags.data_dir));
    options->shown_flags.push_back(options->flags.back());
  }
  if (!flags.figures) options->flags.push_back("--figures=false");
  if (flags.resume) options->flags.push_back("--resume");
}

// Writes claims.csv and report.html and prints the claims, unless there is
// nothing to put in the place of what an earlier run may have left.
absl::Status Tell(const ReportHead& head, const std::vector<Outcome>& outcomes,
                  const std::string& out) {
  if (std::none_of(
          outcomes.begin(), outcomes.end(),
          [](const Outcome& outcome) { return outcome.has_results; })) {
    std::printf(
        "No experiment gave results: claims.csv and report.html in %s were not "
        "written\n",
        out.c_str());
    std::fflush(stdout);
    return absl::OkStatus();
  }
  const std::vector<Claim> claims = UnionOfClaims(outcomes);
  MUSTER_RETURN_IF_ERROR(
      runtime::WriteFileAtomically(out + "/claims.csv", ClaimsToCsv(claims)));
  const std::string report = out + "/report.html";
  MUSTER_RETURN_IF_ERROR(
      runtime::WriteFileAtomically(report, ReportHtml(head, outcomes)));
  std::printf("\n%s", ClaimsToText(claims).c_str());
  const DataAdvice& missing = head.missing_data;
  if (!missing.fetch_command.empty()) {
    std::printf("Claims were skipped for want of data. Get it by\n  %s\n",
                missing.fetch_command.c_str());
  }
  if (!missing.by_hand.empty()) {
    std::printf("Claims were skipped for want of data: %s\n",
                missing.by_hand.c_str());
  }
  std::printf("%s  claims: %s/claims.csv  report: %s\n",
              tools::FormatDuration(head.wall_seconds).c_str(), out.c_str(),
              report.c_str());
  std::fflush(stdout);
  return absl::OkStatus();
}

absl::StatusOr<int> Run(const CommonFlags& flags) {
  if (FLAGS_jobs < 1 || FLAGS_jobs > kMaxJobs) {
    return InvalidFlag("jobs", absl::StrCat(FLAGS_jobs),
                       absl::StrCat("between 1 and ", kMaxJobs),
                       "2 is enough to draw figures beside the computing");
  }
  MUSTER_ASSIGN_OR_RETURN(const auto experiments, Experiments());
  if (FLAGS_list) {
    std::vector<std::vector<std::string>> rows;
    rows.reserve(experiments.size());
    for (const auto& e : experiments) rows.push_back({e.name, e.description});
    std::fputs(AlignRows(rows, {false, false}).c_str(), stdout);
    return 0;
  }
  if (experiments.empty()) {
    return absl::NotFoundError("the list of experiments is empty");
  }
  std::error_code error;
  std::filesystem::create_directories(flags.out, error);
  if (error) {
    return InvalidFlag("out", flags.out, "a folder that can be made",
                       error.message());
  }
  ReproductionOptions options = {.out = flags.out,
                                 .find_program = Runfile,
                                 .jobs = static_cast<int>(FLAGS_jobs),
                                 .stop = &tools::StopRequested(),
                                 .stop_signal = tools::StopSignal};
  PassOn(flags, &options);
  const std::string begin_utc = UtcNow();
  const auto begin = std::chrono::steady_clock::now();
  Status status(experiments.size());
  tools::CatchStopSignals(
      "\nstopping: writing the results so far (once more to kill)\n");
  const std::vector<Outcome> outcomes = Reproduce(
      experiments, options,
      {.started = [&](const auto& e) { status.Started(e); },
       .said = [&](const auto& e, auto line) { status.Said(e, line); },
       .ended = [&](const Outcome& outcome) { status.Ended(outcome); }});
  const bool stopped = tools::StopRequested();
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin;

  MUSTER_RETURN_IF_ERROR(
      Tell({.title = "Muster: the papers' claims, reproduced",
            .effort = flags.full() ? "Full" : "Quick",
            .begin_utc = begin_utc,
            .wall_seconds = seconds.count(),
            .command = absl::StrCat("./bazelw run //benchmarks:reproduce -- ",
                                    absl::StrJoin(options.shown_flags, " ")),
            .missing_data = DataCatalog::BuiltIn().Advice(MissingData(outcomes),
                                                          flags.data_dir)},
           outcomes, flags.out));
  return stopped ? 128 + tools::StopSignal() : ExitCode(outcomes);
}

int Main(int argc, char** argv) {
  // --seeds=0 leaves the number to each experiment.
  const ExperimentInfo info = {.name = "reproduce",
                               .default_seeds = 0,
                               .quick_seeds = 0,
                               .full_seeds = 0};
  const auto fail = [](const absl::Status& status) {
    std::fprintf(stderr, "reproduce: error: %s\n",
                 std::string(status.message()).c_str());
    return 1;
  };
  const absl::StatusOr<bool> help = tools::ParseFlags(argc, argv);
  if (!help.ok()) return fail(help.status());
  if (*help) {
    std::printf(
        "reproduce: runs every experiment (quick unless --full) and reports "
        "the papers' claims\n\n%s\nWrites claims.csv, report.html and a folder "
        "per experiment under --out.\nExit codes: 0 no claim failed, 1 an "
        "experiment ended with an error, 2 a claim failed,\n128 + N stopped by "
        "signal N (--resume goes on).\n",
        FlagsHelp("Flags of this program").c_str());
    return 0;
  }
  const absl::StatusOr<CommonFlags> flags = ReadCommonFlags(info);
  if (!flags.ok()) return fail(flags.status());
  const absl::StatusOr<int> exit_code = Run(*flags);
  return exit_code.ok() ? *exit_code : fail(exit_code.status());
}

}  // namespace
}  // namespace muster::benchmarks

int main(int argc, char** argv) { return muster::benchmarks::Main(argc, argv); }
