// dispatch: splits a data set into balanced groups of similar rows.
//
//   dispatch fit     --input=FILE --groups=64 --out=FILE.router
//   dispatch assign  --router=FILE.router --input=FILE --out=FOLDER
//   dispatch stats   --router=FILE.router --input=FILE | --shards=FOLDER
//
// Exit codes: 0 done; 1 an error, nothing was written; 2 a mistake in the
// command line; 129, 130, 143 stopped by SIGHUP, SIGINT or SIGTERM, nothing was
// written. (An error that a folder cannot be synchronised comes when all is
// written and in place, but might not survive a loss of power.)

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gflags/gflags.h"
#include "muster/dispatch/clusterers.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/fit.h"
#include "muster/models/data/csv.h"
#include "muster/models/data/row_reader.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/call_folder.h"
#include "muster/tools/command_line.h"
#include "muster/tools/dispatch/assign_command.h"
#include "muster/tools/dispatch/command.h"
#include "muster/tools/dispatch/fit_command.h"
#include "muster/tools/dispatch/input.h"
#include "muster/tools/dispatch/stats_command.h"
#include "muster/tools/progress.h"
#include "muster/tools/stop_signal.h"

// Every command.
DEFINE_int64(threads, 0, "threads, which never change results; 0: all cores");

// The input.
DEFINE_string(input, "", "the data file, plain or gzip-compressed");
DEFINE_string(format, "auto", "libsvm, csv, idx; auto: by name and content");
DEFINE_string(labels, "", "IDX: the file of labels, dealt out with the images");
DEFINE_string(label_column, "",
              "CSV: the column that is a label, by name or by number from 0; "
              "-1: the last");
DEFINE_string(ignore, "", "CSV: columns that are not read: a,b,c");
DEFINE_string(header, "auto",
              "CSV: yes, no; auto: yes if no field of the first line is a "
              "number");
DEFINE_string(delimiter, ",", "CSV: what parts the fields");
DEFINE_string(missing, "bad",
              "CSV: an empty field makes its row bad, or counts as zero");
DEFINE_int64(max_bad_rows, 0,
             "bad rows to leave out; one more is an error; -1: any number");
DEFINE_int64(max_rows, 0, "rows to read; 0: all");

// fit.
DEFINE_string(out, "", "what is written: fit: a router file; assign: a folder");
DEFINE_int64(groups, 8, "number of groups k");
DEFINE_int64(copies, 1, "groups that each row goes to, p");
DEFINE_string(clusterer, "balanced", "how the sample is split; see below");
DEFINE_string(rule, "auto",
              "how other rows find their groups: price, nearest, center; auto: "
              "price where there are prices, else nearest");
DEFINE_string(objective, "k-means", "k-means, k-median or k-center");
DEFINE_double(lower, 0.5, "least load of a group, as a share of the mean load");
DEFINE_double(upper, 2, "largest load of a group, in mean loads");
DEFINE_int64(sample, 10'000, "rows to cluster, drawn from all of the file");
DEFINE_int64(weights_sample, 0,
             "other rows, which tell how many each row of the sample stands "
             "for, so that loads hold on all of the file; 0: equally many");
DEFINE_int64(check, 10'000, "other rows, which tell the loads to expect");
DEFINE_int64(project, -1,
             "dimensions to project rows to at random; 0: none; -1: 128 for "
             "rows of more than 1024 features");
DEFINE_bool(unit_length, false,
            "scale each row to length 1 first: compares angles (text)");
DEFINE_int64(features, 0,
             "LIBSVM: features that rows may have; 0: the most of any row");
DEFINE_uint64(seed, 1, "seed of the sample, the clusterer, the projection");

// assign.
DEFINE_string(router, "", "a router file, as fit writes it");
DEFINE_bool(overwrite, false, "replace the shards of a former run in --out");
DEFINE_string(compression, "auto", "of shards: gzip, none; auto: the input's");
DEFINE_int64(gzip_level, 1, "1 (fast) to 9 (small)");
DEFINE_int64(buffer_mib, 64, "memory for rows on their way to the shards");
DEFINE_bool(online, false,
            "keep each shard's load within --lower and --upper while "
            "streaming; needs a price router");
DEFINE_int64(expected_rows, 0,
             "with --online: the number of rows, so that the bounds hold for "
             "the whole; 0: not known, they hold every 64 k rows");
DEFINE_int64(batch_rows, 4096, "rows routed at a time");

// stats.
DEFINE_string(shards, "", "a folder of shards, as assign writes it");
DEFINE_bool(verify, false, "read and count every row of the shards");
DEFINE_bool(all, false, "a line for every shard, however many");

namespace muster::tools::dispatch {
namespace {

constexpr int64_t kMaxThreads = 1024;
constexpr int kUsageError = 2;

struct Command {
  const char* name;
  const char* summary;
  std::vector<std::string> flags;
  const char* details;
  const char* examples;
};

// Flags that name the input, then others of a command.
std::vector<std::string> WithInput(std::vector<std::string> before,
                                   std::vector<std::string> after) {
  before.insert(before.end(),
                {"input", "format", "labels", "label_column", "ignore",
                 "header", "delimiter", "missing", "max_bad_rows", "max_rows"});
  before.insert(before.end(), after.begin(), after.end());
  before.push_back("threads");
  return before;
}

const std::vector<Command>& Commands() {
  static const auto& commands = *new std::vector<Command>{
      {"fit", "draw a sample of a file, cluster it, write a router",
       WithInput({}, {"out", "groups", "copies", "clusterer", "rule",
                      "objective", "lower", "upper", "sample", "weights_sample",
                      "check", "project", "unit_length", "features", "seed"}),
       "Reads the file once, in the memory of the sample. Prints the sizes of "
       "the groups, the\ncost with its certificate, and the loads to expect on "
       "the whole file.",
       "dispatch fit --input=train.libsvm.gz --groups=64 --out=train.router\n"
       "dispatch fit --input=train.csv --label_column=y --groups=16 --copies=2 "
       "--out=a.router\n"
       "dispatch fit --input=images-idx3-ubyte.gz --groups=32 --lower=1 "
       "--upper=1 --out=b.router"},
      {"assign", "stream a file of any size into one shard per group",
       WithInput({"router"},
                 {"out", "overwrite", "compression", "gzip_level", "buffer_mib",
                  "online", "expected_rows", "lower", "upper", "batch_rows"}),
       "Rows are copied as they stand, in their order, each to the shards of "
       "its groups. The\nfolder appears when all shards are whole; a run that "
       "is stopped leaves nothing. Memory\nis constant.",
       "dispatch assign --router=train.router --input=train.libsvm.gz "
       "--out=shards\n"
       "dispatch assign --router=b.router --input=images-idx3-ubyte.gz "
       "--labels=labels-idx1-ubyte.gz --out=shards"},
      {"stats", "show how evenly a router spreads a file, or what shards hold",
       WithInput({"shards", "verify", "router"}, {"all"}),
       "With --shards it checks that every file is there and has the size that "
       "the manifest says.",
       "dispatch stats --router=train.router --input=test.libsvm.gz\n"
       "dispatch stats --shards=shards --verify"},
  };
  return commands;
}

std::string Overview() {
  std::string text =
      "dispatch: split a data set into balanced groups of similar rows, for "
      "learners that\neach see one group (Dick et al., AISTATS 2017).\n\n";
  for (const Command& command : Commands()) {
    absl::StrAppendFormat(&text, "  dispatch %-8s%s\n", command.name,
                          command.summary);
  }
  absl::StrAppend(&text,
                  "\nFiles: LIBSVM, CSV and IDX, plain or gzip-compressed.\n"
                  "`dispatch COMMAND --help` lists a command's flags.\n");
  return text;
}

std::string Indented(const std::string& text) {
  std::string result = "  ";
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result + "\n";
}

std::string Help(const Command& command) {
  std::string text =
      absl::StrCat("dispatch ", command.name, ": ", command.summary, "\n\n",
                   command.details, "\n\nFlags\n");
  const std::vector<gflags::CommandLineFlagInfo> flags = ProgramFlags();
  for (const std::string& name : command.flags) {
    for (const auto& flag : flags) {
      if (flag.name == name) text += FlagHelp(flag);
    }
  }
  if (absl::string_view(command.name) == "fit") {
    text += "\nClusterers\n";
    const auto append = [&text](const auto& entry) {
      absl::StrAppendFormat(&text, "  %-20s %s\n", entry.name,
                            entry.description);
    };
    for (const lib::ClustererEntry& entry : lib::ClustererTable())
      append(entry);
    for (const lib::PartitionEntry& entry : lib::PartitionTable())
      append(entry);
  }
  absl::StrAppend(&text,
                  "\nExit codes: 0 done; 1 an error; 2 a mistake in the "
                  "command line; 129, 130, 143 stopped\nby a signal. Unless it "
                  "is 0, nothing was written; but for an error that a folder\n"
                  "cannot be synchronised, when all is in place and might not "
                  "survive a loss of power.\n\nExamples\n",
                  Indented(command.examples));
  return text;
}

std::string InputPath(const std::string& path) {
  return path.empty() ? "" : ResolvePath(path);
}

absl::Status ReadCsvFlags(models::CsvOptions* csv) {
  if (FLAGS_header == "yes") {
    csv->header = models::CsvHeader::kPresent;
  } else if (FLAGS_header == "no") {
    csv->header = models::CsvHeader::kAbsent;
  } else if (FLAGS_header != "auto") {
    return InvalidFlag("header", FLAGS_header, "auto, yes or no",
                       "auto: yes if no field of the first line is a number");
  }
  if (FLAGS_missing == "zero") {
    csv->missing = models::CsvMissing::kZero;
  } else if (FLAGS_missing != "bad") {
    return InvalidFlag("missing", FLAGS_missing, "bad or zero",
                       "bad makes the row a bad one");
  }
  if (FLAGS_delimiter.size() != 1) {
    return InvalidFlag("delimiter", FLAGS_delimiter, "one character",
                       "for a tab write --delimiter=$'\\t'");
  }
  csv->delimiter = FLAGS_delimiter[0];
  csv->label_column = FLAGS_label_column;
  if (!FLAGS_ignore.empty()) {
    csv->ignored_columns = absl::StrSplit(FLAGS_ignore, ',');
  }
  return absl::OkStatus();
}

absl::StatusOr<InputOptions> ReadInputFlags() {
  if (FLAGS_max_bad_rows < -1) {
    return InvalidFlag("max_bad_rows", absl::StrCat(FLAGS_max_bad_rows),
                       "at least -1", "-1 leaves out any number of bad rows");
  }
  if (FLAGS_max_rows < 0) {
    return InvalidFlag("max_rows", absl::StrCat(FLAGS_max_rows), "at least 0",
                       "0 reads all");
  }
  const absl::StatusOr<models::RowFormat> format =
      models::ParseRowFormat(FLAGS_format);
  if (!format.ok()) {
    return InvalidFlag("format", FLAGS_format, "auto, libsvm, csv or idx",
                       "auto looks at the content");
  }
  InputOptions options{.path = InputPath(FLAGS_input),
                       .max_rows = FLAGS_max_rows};
  options.reader.format = *format;
  options.reader.idx_labels_path = InputPath(FLAGS_labels);
  options.reader.max_bad_rows = FLAGS_max_bad_rows == -1
                                    ? std::numeric_limits<int64_t>::max()
                                    : FLAGS_max_bad_rows;
  MUSTER_RETURN_IF_ERROR(ReadCsvFlags(&options.reader.csv));
  return options;
}

absl::StatusOr<lib::Objective> ReadObjective() {
  for (const lib::Objective objective :
       {lib::Objective::kKMeans, lib::Objective::kKMedian,
        lib::Objective::kKCenter}) {
    if (lib::ObjectiveName(objective) == FLAGS_objective) return objective;
  }
  return InvalidFlag("objective", FLAGS_objective,
                     "k-means, k-median or k-center",
                     "k-means is what the paper's experiments use");
}

// Whether a flag is on the command line.
bool IsGiven(const char* name) {
  return !gflags::GetCommandLineFlagInfoOrDie(name).is_default;
}

// Refuses the first of `flags` that is given.
absl::Status Refuse(const std::vector<const char*>& flags,
                    absl::string_view why) {
  for (const char* name : flags) {
    if (IsGiven(name)) {
      return absl::InvalidArgumentError(absl::StrCat("--", name, " ", why));
    }
  }
  return absl::OkStatus();
}

// What a partition of the space cannot be asked for.
absl::Status CheckPartitionFlags() {
  for (const lib::PartitionEntry& entry : lib::PartitionTable()) {
    if (entry.name != FLAGS_clusterer) continue;
    return Refuse(
        {"lower", "upper", "objective"},
        absl::StrCat("has no meaning for --clusterer=", FLAGS_clusterer,
                     ", which cuts the space and minds no sizes; "
                     "leave it out or name another clusterer"));
  }
  return absl::OkStatus();
}

absl::Status Fit(const CommandContext& context) {
  MUSTER_RETURN_IF_ERROR(CheckPartitionFlags());
  FitCommandOptions options{.out = InputPath(FLAGS_out),
                            .check_rows = FLAGS_check,
                            .project = FLAGS_project,
                            .unit_length = FLAGS_unit_length};
  MUSTER_ASSIGN_OR_RETURN(options.input, ReadInputFlags());
  if (FLAGS_features < 0 || FLAGS_features > INT32_MAX) {
    return InvalidFlag("features", absl::StrCat(FLAGS_features),
                       absl::StrCat("in [0, ", INT32_MAX, "]"),
                       "0 takes the most features of any row");
  }
  options.input.reader.num_features = FLAGS_features;
  options.fit.clusterer = FLAGS_clusterer;
  options.fit.router = FLAGS_rule;
  options.fit.num_groups = FLAGS_groups;
  options.fit.copies = FLAGS_copies;
  options.fit.lower_factor = FLAGS_lower;
  options.fit.upper_factor = FLAGS_upper;
  options.fit.sample_size = FLAGS_sample;
  options.fit.weighing_points = FLAGS_weights_sample;
  options.fit.seed = FLAGS_seed;
  MUSTER_ASSIGN_OR_RETURN(options.fit.objective, ReadObjective());
  return RunFit(options, context);
}

absl::Status Assign(const CommandContext& context) {
  if (!FLAGS_online) {
    MUSTER_RETURN_IF_ERROR(
        Refuse({"lower", "upper", "expected_rows"}, "goes with --online"));
  }
  if (FLAGS_compression == "none") {
    MUSTER_RETURN_IF_ERROR(
        Refuse({"gzip_level"}, "has no meaning with --compression=none"));
  }
  AssignOptions options{.router = InputPath(FLAGS_router),
                        .out = InputPath(FLAGS_out),
                        .overwrite = FLAGS_overwrite,
                        .compression = FLAGS_compression,
                        .gzip_level = FLAGS_gzip_level,
                        .buffer_mib = FLAGS_buffer_mib,
                        .online = FLAGS_online,
                        .expected_rows = FLAGS_expected_rows,
                        .lower_factor = FLAGS_lower,
                        .upper_factor = FLAGS_upper,
                        .batch_rows = FLAGS_batch_rows};
  MUSTER_ASSIGN_OR_RETURN(options.input, ReadInputFlags());
  return RunAssign(options, context);
}

absl::Status Stats(const CommandContext& context) {
  if (!FLAGS_shards.empty()) {
    MUSTER_RETURN_IF_ERROR(
        Refuse({"format", "labels", "max_bad_rows"},
               "does not go with --shards, whose manifest says it"));
  }
  if (!FLAGS_shards.empty() && !FLAGS_verify) {
    MUSTER_RETURN_IF_ERROR(
        Refuse({"label_column", "ignore", "header", "delimiter", "missing"},
               "goes with --shards only to --verify them"));
  }
  if (!FLAGS_router.empty() && FLAGS_input.empty()) {
    MUSTER_RETURN_IF_ERROR(
        Refuse({"format", "labels", "label_column", "ignore", "header",
                "delimiter", "missing", "max_bad_rows", "max_rows", "all"},
               "goes with --input, which is missing"));
  }
  StatsOptions options{.shards = InputPath(FLAGS_shards),
                       .verify = FLAGS_verify,
                       .router = InputPath(FLAGS_router),
                       .all = FLAGS_all};
  MUSTER_ASSIGN_OR_RETURN(options.input, ReadInputFlags());
  return RunStats(options, context);
}

absl::Status RunCommand(const Command& command) {
  const std::unique_ptr<ProgressPrinter> printer =
      ProgressPrinter::ForStandardError();
  CatchStopSignals("\nstopping: nothing will be left (once more to kill)\n");
  CommandContext context;
  context.runtime = {.threads = static_cast<int>(FLAGS_threads),
                     .observer = printer.get(),
                     .stop = &StopRequested()};
  // Results come last, below the progress line.
  std::vector<std::string> results;
  context.print = [&](absl::string_view line) { results.emplace_back(line); };
  context.warn = [&](absl::string_view line) { printer->PrintLine(line); };
  const absl::string_view name = command.name;
  const absl::Status status = name == "fit"      ? Fit(context)
                              : name == "assign" ? Assign(context)
                                                 : Stats(context);
  printer->Finish();
  if (status.ok()) {
    for (const std::string& line : results) std::puts(line.c_str());
    // The other commands have done what they were asked for.
    if (std::fflush(stdout) != 0 && name == "stats") {
      return absl::ErrnoToStatus(errno, "standard output: cannot be written");
    }
  }
  return status;
}

int UsageError(absl::string_view message) {
  absl::FPrintF(stderr, "dispatch: error: %s\n", message);
  return kUsageError;
}

int Main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "--help";
  if (name == "--help" || name == "-h" || name == "help") {
    std::fputs(Overview().c_str(), stdout);
    return argc > 1 ? 0 : kUsageError;
  }
  const std::vector<Command>& commands = Commands();
  const auto command =
      std::find_if(commands.begin(), commands.end(),
                   [&](const Command& c) { return name == c.name; });
  if (command == commands.end()) {
    std::vector<std::string> names;
    names.reserve(commands.size());
    for (const Command& c : commands) names.emplace_back(c.name);
    const std::vector<std::string> near = NearestNames(name, names);
    return UsageError(absl::StrCat(
        "no command '", name, "'; ",
        near.empty() ? "" : absl::StrCat("did you mean ", near[0], "? "),
        "there are ", absl::StrJoin(names, ", ")));
  }
  const absl::StatusOr<bool> help =
      ParseFlags(argc - 1, argv + 1, command->flags, command->name);
  if (!help.ok()) return UsageError(std::string(help.status().message()));
  if (*help) {
    std::fputs(Help(*command).c_str(), stdout);
    return 0;
  }
  if (FLAGS_threads < 0 || FLAGS_threads > kMaxThreads) {
    return UsageError(
        std::string(InvalidFlag("threads", absl::StrCat(FLAGS_threads),
                                absl::StrCat("in [0, ", kMaxThreads, "]"),
                                "0 takes all cores")
                        .message()));
  }
  const absl::Status status = RunCommand(*command);
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "dispatch: error: %s\n", std::string(status.message()));
  return absl::IsCancelled(status) && StopSignal() != 0 ? 128 + StopSignal()
                                                        : 1;
}

}  // namespace
}  // namespace muster::tools::dispatch

int main(int argc, char** argv) {
  const int code = muster::tools::dispatch::Main(argc, argv);
  if (code == 0) return 0;
  // A thread may still wait for its input, so nothing is destroyed.
  std::fflush(nullptr);
  std::_Exit(code);
}
