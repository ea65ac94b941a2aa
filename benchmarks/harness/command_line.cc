#include "muster/benchmarks/harness/command_line.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gflags/gflags.h"
#include "muster/tools/call_folder.h"
#include "muster/tools/command_line.h"

DEFINE_string(out, "",
              "folder of the results; empty: out/<experiment> in the folder of "
              "the call");
DEFINE_bool(quick, false, "a small version that ends in ten seconds");
DEFINE_bool(full, false, "the size of the paper");
DEFINE_int64(seeds, 0,
             "repetitions with seeds seed, seed + 1, ...; 0: by size");
DEFINE_uint64(seed, 1, "the first seed");
DEFINE_int64(threads, 0, "threads, which never change results; 0: all cores");
DEFINE_string(data_dir, "",
              "folder of the data sets (//tools/data); empty: $MUSTER_DATA");
DEFINE_bool(figures, true, "draw the figures as SVG and PNG");
DEFINE_bool(resume, false,
            "continue from the checkpoints that a stopped run left in --out");

namespace muster::benchmarks {
namespace {

constexpr int64_t kMaxSeeds = 100'000;
constexpr int64_t kMaxThreads = 1024;
constexpr absl::string_view kCommon[] = {"out",      "quick",   "full",
                                         "seeds",    "seed",    "threads",
                                         "data_dir", "figures", "resume"};
constexpr absl::string_view kWithoutEffect[] = {"out", "threads", "data_dir",
                                                "figures", "resume"};

template <typename List>
bool Contains(const List& list, absl::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

std::string Indented(absl::string_view text) {
  std::string result;
  for (const auto line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    absl::StrAppend(&result, "  ", line, "\n");
  }
  return result;
}

}  // namespace

absl::StatusOr<CommonFlags> ReadCommonFlags(const ExperimentInfo& info) {
  CommonFlags flags;
  if (FLAGS_quick && FLAGS_full) {
    return absl::InvalidArgumentError(
        "--quick and --full exclude each other; leave one out");
  }
  if (FLAGS_seeds < 0 || FLAGS_seeds > kMaxSeeds) {
    return tools::InvalidFlag("seeds", absl::StrCat(FLAGS_seeds),
                              absl::StrCat("between 0 and ", kMaxSeeds),
                              "0 takes the experiment's default");
  }
  if (FLAGS_threads < 0 || FLAGS_threads > kMaxThreads) {
    return tools::InvalidFlag("threads", absl::StrCat(FLAGS_threads),
                              absl::StrCat("between 0 and ", kMaxThreads),
                              "0 takes all cores");
  }
  flags.effort = FLAGS_quick  ? Effort::kQuick
                 : FLAGS_full ? Effort::kFull
                              : Effort::kDefault;
  flags.seeds = FLAGS_seeds > 0
                    ? FLAGS_seeds
                    : flags.ByEffort(info.quick_seeds, info.default_seeds,
                                     info.full_seeds);
  flags.seed = FLAGS_seed;
  flags.threads = static_cast<int>(FLAGS_threads);
  flags.figures = FLAGS_figures;
  flags.resume = FLAGS_resume;
  flags.out = tools::ResolvePath(
      FLAGS_out.empty() ? absl::StrCat("out/", info.name) : FLAGS_out);
  const char* environment = std::getenv("MUSTER_DATA");
  std::string data_dir = FLAGS_data_dir;
  if (data_dir.empty() && environment != nullptr) data_dir = environment;
  if (!data_dir.empty()) flags.data_dir = tools::ResolvePath(data_dir);
  return flags;
}

std::vector<std::pair<std::string, std::string>> ResultFlags() {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& flag : tools::ProgramFlags()) {
    if (Contains(kWithoutEffect, flag.name)) continue;
    result.emplace_back(flag.name, flag.current_value);
  }
  return result;
}

std::string FlagsHelp(absl::string_view own_heading) {
  std::string own, common;
  for (const auto& flag : tools::ProgramFlags()) {
    (Contains(kCommon, flag.name) ? common : own).append(tools::FlagHelp(flag));
  }
  std::string text;
  if (!own.empty()) absl::StrAppend(&text, own_heading, "\n", own, "\n");
  absl::StrAppend(&text, "Flags of every experiment\n", common);
  return text;
}

std::string HelpText(const ExperimentInfo& info) {
  std::string text = absl::StrCat(info.name, ": ", info.title, "\n");
  if (!info.source.empty())
    absl::StrAppend(&text, "Source: ", info.source, "\n");
  if (!info.claims.empty()) {
    absl::StrAppend(&text, "\nClaims\n", Indented(info.claims));
  }
  absl::StrAppend(
      &text, "\n", FlagsHelp("Flags of this experiment"),
      "\nSeeds by size: ", info.quick_seeds, " with --quick, ",
      info.default_seeds, " by default, ", info.full_seeds, " with --full.\n",
      "\nOutputs under --out\n"
      "  claims.csv     the verdicts: pass, fail, tie, skipped\n"
      "  results.csv    all tables in long form; tables/*.csv each by itself\n"
      "  results.json   the same with flags, seed, checksums, commit, machine\n"
      "  *.svg, *.png   figures; *.figure.json what they were drawn from\n"
      "  run.json       date, seconds, threads, command line\n"
      "  checkpoint/    for --resume; may be removed\n"
      "\nExit codes: 0 no claim failed, 1 an error, 2 a claim failed, 128 + N "
      "stopped by\nsignal N (results so far are written and marked "
      "incomplete).\n");
  if (!info.examples.empty()) {
    absl::StrAppend(&text, "\nExamples\n", Indented(info.examples));
  }
  return text;
}

}  // namespace muster::benchmarks
