#ifndef MUSTER_BENCHMARKS_HARNESS_EXPERIMENT_H_
#define MUSTER_BENCHMARKS_HARNESS_EXPERIMENT_H_

// What every experiment of the tree shares: flags, progress, claims, output,
// checkpoints. An experiment's main is
//
//   DEFINE_int64(rounds, 0, "rounds per run; 0: by --quick and --full");
//
//   absl::Status Run(Experiment& experiment) {
//     …
//     experiment.AddTable(table);
//     experiment.claims().JudgeLess({"F1", "Figure 1", "ATA is below UTA"},
//                                   ata_seconds, uta_seconds);
//     return absl::OkStatus();
//   }
//
//   int main(int argc, char** argv) {
//     return RunExperiment(argc, argv, {.name = "sqrt_law", …}, Run);
//   }
//
// Files under --out (default: out/<name> in the folder of the call):
//
//   results.csv    every table in long form: table,row,column,value,status
//   results.json   the same with claims, notes, flags, seed, checksums of the
//                  data, commit and machine; "incomplete": true when cut short
//   tables/*.csv   each table in wide form
//   claims.csv     id,source,statement,paper,ours,low,high,seeds,verdict
//   *.svg, *.png   figures; *.trace.json timelines; what AddFile was given
//   run.json       what may differ between two equal runs: the date, seconds,
//                  host, threads, exit code, the command line, measured times
//   checkpoint/    for --resume
//
// All but run.json and checkpoint/ are the same bytes for the same flags, seed,
// binary and machine, for any --threads and whether or not a run was resumed.
// They are written at the end, each by a rename: an error leaves none behind.
// Files of an earlier run's results in the same folder go when they are there.
//
// Exit codes: 0 every claim passed, tied or was skipped; 1 an error; 2 a claim
// failed; 128 + N: stopped by signal N (SIGHUP, SIGINT or SIGTERM), with the
// results so far written and marked (a second signal kills at once). A first
// signal that comes when the results are being written changes nothing.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/command_line.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/runtime.h"

namespace muster::benchmarks {

class CheckpointStore;

// Not thread-safe, but Save and Load may be called from parallel tasks.
class Experiment {
 public:
  // Reads the command line (never exits), checks it, makes the output folder.
  // InvalidArgument: a flag unknown or out of its bounds, by name, value, bound
  // and mend. PermissionDenied: --out cannot be written. FailedPrecondition:
  // --resume, but a data file of the checkpoints is missing or another one.
  static absl::StatusOr<std::unique_ptr<Experiment>> Start(int argc,
                                                           char** argv,
                                                           ExperimentInfo info);
  ~Experiment();

  const ExperimentInfo& info() const { return info_; }
  const CommonFlags& flags() const { return flags_; }

  // --threads, the progress line, and the stop flag of SIGINT and SIGTERM.
  runtime::Runtime runtime() const;
  bool stopped() const;

  Claims& claims() { return claims_; }
  void AddTable(Table table);
  // An invalid figure is an error of Finish.
  void AddFigure(FigureSpec figure);
  // Printed, and kept in results.json and the report.
  void Note(std::string text);
  // Times measured on this machine: printed, and kept in run.json alone, since
  // they differ from run to run. No claim may rest on them.
  void AddTimings(Table table);
  // A further result file under --out, e.g. "ata.trace.json".
  void AddFile(std::string relative_path, std::string contents);

  // The path of a data file under --data_dir, its checksum noted for
  // results.json. NotFound says which command fetches it, or that it is made by
  // hand. Thread-safe.
  absl::StatusOr<std::string> DataFile(absl::string_view relative_path);

  // Named byte blobs in <out>/checkpoint, written atomically with a checksum
  // and the fingerprint of the flags and of this binary, in a folder of that
  // fingerprint that also records the data files. Load without --resume, or of
  // a name never saved under these flags by this binary, is NotFound; DataLoss
  // when the bytes are damaged. Without --resume the first Save removes blobs
  // that were computed from other data. Thread-safe.
  absl::Status Save(absl::string_view name, absl::string_view bytes);
  absl::StatusOr<std::string> Load(absl::string_view name);
  absl::Status Forget(absl::string_view name);

  // Results so far do not cover all of the experiment (also set by a signal).
  void MarkIncomplete();

  // Prints tables and claims, writes the files (none when `status` is an
  // error other than Cancelled), returns the exit code.
  int Finish(absl::Status status);

 private:
  struct Impl;
  Experiment();

  CheckpointStore& Checkpoints();
  absl::Status CheckResumable();
  absl::Status RecordData();
  absl::Status WriteResults(const std::vector<Claim>& claims);
  absl::Status WriteRun(int exit_code);
  int Fail(const absl::Status& status);

  ExperimentInfo info_;
  CommonFlags flags_;
  Claims claims_;
  absl::Status figures_status_;
  std::unique_ptr<Impl> impl_;
};

// Start, `run`, Finish; prints --help; errors go to the standard error stream.
int RunExperiment(int argc, char** argv, ExperimentInfo info,
                  const std::function<absl::Status(Experiment&)>& run);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_EXPERIMENT_H_
