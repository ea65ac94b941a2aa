#include "muster/benchmarks/harness/command_line.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gflags/gflags.h"
#include "muster/benchmarks/harness/provenance.h"
#include "muster/runtime/status_macros.h"

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

// All flags but gflags' own, sorted by name.
std::vector<gflags::CommandLineFlagInfo> OurFlags() {
  std::vector<gflags::CommandLineFlagInfo> flags;
  gflags::GetAllFlags(&flags);
  flags.erase(std::remove_if(flags.begin(), flags.end(),
                             [](const gflags::CommandLineFlagInfo& flag) {
                               return absl::StrContains(flag.filename,
                                                        "gflags");
                             }),
              flags.end());
  std::sort(flags.begin(), flags.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return flags;
}

// Insertions, deletions and changes of a letter that lead from a to b.
int64_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, changed});
    }
  }
  return row.back();
}

absl::Status UnknownFlag(absl::string_view name) {
  std::vector<std::string> near;
  for (const auto& flag : OurFlags()) {
    if (EditDistance(name, flag.name) <= 2 ||
        (name.size() >= 3 && absl::StartsWith(flag.name, name))) {
      near.push_back("--" + flag.name);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown flag --", name, "; ",
      near.empty()
          ? ""
          : absl::StrCat("did you mean ", absl::StrJoin(near, " or "), "? "),
      "--help lists all flags"));
}

absl::string_view TypeInWords(absl::string_view type) {
  if (type == "bool") return "true or false";
  if (type == "double") return "a number";
  if (type == "uint64" || type == "uint32")
    return "a whole number of at least 0";
  if (absl::StartsWith(type, "int")) return "a whole number";
  return "text";
}

std::string FlagHelp(const gflags::CommandLineFlagInfo& flag) {
  const std::string value =
      flag.type == "bool" ? "" : absl::StrCat("=", flag.type);
  const std::string head = absl::StrCat("  --", flag.name, value);
  const size_t width = 26;
  return absl::StrCat(
      head,
      head.size() < width ? std::string(width - head.size(), ' ')
                          : "\n" + std::string(width, ' '),
      flag.description,
      " (default: ", flag.default_value.empty() ? "\"\"" : flag.default_value,
      ")\n");
}

std::string Indented(absl::string_view text) {
  std::string result;
  for (const auto line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    absl::StrAppend(&result, "  ", line, "\n");
  }
  return result;
}

}  // namespace

absl::Status InvalidFlag(absl::string_view name, absl::string_view value,
                         absl::string_view bound, absl::string_view mend) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, "=", value, ": must be ", bound, "; ", mend));
}

absl::StatusOr<bool> ParseCommandLine(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-help" || argument == "-h") {
      return true;
    }
    absl::string_view text = argument;
    if (!absl::ConsumePrefix(&text, "-")) {
      return absl::InvalidArgumentError(
          absl::StrCat("unexpected argument '", argument,
                       "'; flags begin with --, --help lists them"));
    }
    absl::ConsumePrefix(&text, "-");
    const std::vector<std::string> parts =
        absl::StrSplit(text, absl::MaxSplits('=', 1));
    std::string name = parts[0];
    std::replace(name.begin(), name.end(), '-', '_');
    const auto flags = OurFlags();
    const auto find = [&flags](absl::string_view wanted) {
      return std::find_if(flags.begin(), flags.end(), [&](const auto& flag) {
        return absl::string_view(flag.name) == wanted;
      });
    };
    auto flag = find(name);
    std::string value;
    if (flag == flags.end() && absl::StartsWith(name, "no") &&
        parts.size() == 1) {
      const auto positive = find(absl::string_view(name).substr(2));
      if (positive != flags.end() && positive->type == "bool") {
        flag = positive;
        value = "false";
      }
    }
    if (flag == flags.end()) return UnknownFlag(name);
    if (parts.size() == 2) {
      value = parts[1];
    } else if (value.empty()) {
      if (flag->type == "bool") {
        value = "true";
      } else if (i + 1 < argc) {
        value = argv[++i];
      } else {
        return absl::InvalidArgumentError(absl::StrCat(
            "--", flag->name, ": no value; write --", flag->name, "=VALUE"));
      }
    }
    if (gflags::SetCommandLineOption(flag->name.c_str(), value.c_str())
            .empty()) {
      return InvalidFlag(flag->name, value, TypeInWords(flag->type),
                         absl::StrCat("for instance --", flag->name, "=",
                                      flag->default_value));
    }
  }
  return false;
}

absl::StatusOr<CommonFlags> ReadCommonFlags(const ExperimentInfo& info) {
  CommonFlags flags;
  if (FLAGS_quick && FLAGS_full) {
    return absl::InvalidArgumentError(
        "--quick and --full exclude each other; leave one out");
  }
  if (FLAGS_seeds < 0 || FLAGS_seeds > kMaxSeeds) {
    return InvalidFlag("seeds", absl::StrCat(FLAGS_seeds),
                       absl::StrCat("between 0 and ", kMaxSeeds),
                       "0 takes the experiment's default");
  }
  if (FLAGS_threads < 0 || FLAGS_threads > kMaxThreads) {
    return InvalidFlag("threads", absl::StrCat(FLAGS_threads),
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
  flags.out = ResolvePath(FLAGS_out.empty() ? absl::StrCat("out/", info.name)
                                            : FLAGS_out);
  const char* environment = std::getenv("MUSTER_DATA");
  std::string data_dir = FLAGS_data_dir;
  if (data_dir.empty() && environment != nullptr) data_dir = environment;
  if (!data_dir.empty()) flags.data_dir = ResolvePath(data_dir);
  return flags;
}

std::vector<std::pair<std::string, std::string>> ResultFlags() {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& flag : OurFlags()) {
    if (Contains(kWithoutEffect, flag.name)) continue;
    result.emplace_back(flag.name, flag.current_value);
  }
  return result;
}

std::string FlagsHelp(absl::string_view own_heading) {
  std::string own, common;
  for (const auto& flag : OurFlags()) {
    (Contains(kCommon, flag.name) ? common : own).append(FlagHelp(flag));
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
      "\nExit codes: 0 no claim failed, 1 an error, 2 a claim failed, 130 or "
      "143 stopped by\na signal (results so far are written and marked "
      "incomplete).\n");
  if (!info.examples.empty()) {
    absl::StrAppend(&text, "\nExamples\n", Indented(info.examples));
  }
  return text;
}

}  // namespace muster::benchmarks
