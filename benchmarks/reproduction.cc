#include "muster/benchmarks/reproduction.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/benchmarks/child_process.h"

namespace muster::benchmarks {
namespace {

// Lines of an experiment's output that are kept for its outcome.
constexpr size_t kLastLines = 12;
constexpr int kError = 1;

std::string RunfilesFolder(absl::string_view program,
                           absl::string_view program_path) {
  // <runfiles>/muster/<program>
  const size_t tail = program.size() + sizeof("/muster/") - 1;
  return std::string(program_path.substr(0, program_path.size() - tail));
}

// Tells a file from one that was put in its place or written over it; all
// zeros when there is none.
std::array<int64_t, 4> FileIdentity(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return {};
  return {static_cast<int64_t>(status.st_ino), status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec, status.st_size};
}

Outcome RunOne(const ListedExperiment& experiment,
               const ReproductionOptions& options,
               const std::function<void(absl::string_view)>& on_line) {
  Outcome outcome = {
      .name = experiment.name,
      .label = experiment.label,
      .description = experiment.description,
      .command = absl::StrCat("./bazelw run ", experiment.label, " -- ",
                              absl::StrJoin(options.shown_flags, " "))};
  const std::string folder = absl::StrCat(options.out, "/", experiment.name);
  const auto fail = [&outcome](absl::string_view message) {
    outcome.exit_code = kError;
    outcome.last_lines.emplace_back(message);
    return outcome;
  };
  const auto program = options.find_program(experiment.program);
  if (!program.ok()) return fail(program.status().message());
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::ofstream log(folder + "/log.txt");
  if (!log) return fail(absl::StrCat("cannot write ", folder, "/log.txt"));
  // Results of an earlier run stay until new ones replace them, but must not
  // pass for this one's. An experiment writes run.json last.
  const std::string run_path = folder + "/run.json";
  const auto earlier = FileIdentity(run_path);

  std::deque<std::string> last;
  ChildProcess child;
  child.arguments = {*program, absl::StrCat("--out=", folder)};
  child.arguments.insert(child.arguments.end(), options.flags.begin(),
                         options.flags.end());
  child.environment = {absl::StrCat(
      "RUNFILES_DIR=", RunfilesFolder(experiment.program, *program))};
  child.stop = options.stop;
  child.stop_signal = options.stop_signal;
  child.on_line = [&](absl::string_view line) {
    log << std::string(line) << "\n" << std::flush;
    last.emplace_back(line);
    if (last.size() > kLastLines) last.pop_front();
    on_line(line);
  };
  const auto begin = std::chrono::steady_clock::now();
  const absl::StatusOr<int> exit_code = RunChild(child);
  outcome.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  outcome.last_lines.assign(last.begin(), last.end());
  if (!exit_code.ok()) return fail(exit_code.status().message());
  outcome.exit_code = *exit_code;
  if (outcome.exit_code == kError) return outcome;
  absl::Status loaded = absl::NotFoundError(
      absl::StrCat("the experiment wrote no results in ", folder));
  const auto now = FileIdentity(run_path);
  if (now != earlier) loaded = LoadOutcome(folder, &outcome);
  outcome.has_results = loaded.ok();
  // A run that was killed wrote nothing: its exit code says so.
  if (!loaded.ok() && outcome.ok()) return fail(loaded.message());
  return outcome;
}

}  // namespace

std::vector<Outcome> Reproduce(std::span<const ListedExperiment> experiments,
                               const ReproductionOptions& options,
                               const ReproductionEvents& events) {
  std::vector<Outcome> outcomes(experiments.size());
  std::mutex mutex;  // guards `next` and the calls of events
  size_t next = 0;
  const auto work = [&] {
    for (;;) {
      size_t i = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        if (next == experiments.size()) return;
        i = next++;
        outcomes[i] = {.name = experiments[i].name,
                       .label = experiments[i].label,
                       .description = experiments[i].description};
        if (options.stop != nullptr && *options.stop) continue;
        if (events.started) events.started(experiments[i]);
      }
      Outcome outcome =
          RunOne(experiments[i], options, [&](absl::string_view line) {
            const std::lock_guard<std::mutex> lock(mutex);
            if (events.said) events.said(experiments[i], line);
          });
      const std::lock_guard<std::mutex> lock(mutex);
      outcomes[i] = std::move(outcome);
      if (events.ended) events.ended(outcomes[i]);
    }
  };
  // Threads that only wait for processes.
  std::vector<std::thread> waiters;
  for (int job = 0; job < std::max(options.jobs, 1); ++job) {
    waiters.emplace_back(work);
  }
  for (std::thread& waiter : waiters) waiter.join();
  return outcomes;
}

int ExitCode(std::span<const Outcome> outcomes) {
  int exit_code = 0;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.ok()) return kError;
    for (const Claim& claim : outcome.claims) {
      if (claim.verdict == Verdict::kFail) exit_code = 2;
    }
  }
  return exit_code;
}

}  // namespace muster::benchmarks
