#include "muster/benchmarks/harness/experiment.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/benchmarks/harness/checkpoint.h"
#include "muster/benchmarks/harness/command_line.h"
#include "muster/benchmarks/harness/data_files.h"
#include "muster/benchmarks/harness/plot_runner.h"
#include "muster/benchmarks/harness/result_files.h"
#include "muster/benchmarks/harness/results_json.h"
#include "muster/benchmarks/harness/sha256.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/command_line.h"
#include "muster/tools/progress.h"
#include "muster/tools/stop_signal.h"

namespace muster::benchmarks {
namespace {

namespace fs = std::filesystem;

// Rows of a table that are printed; the files have them all.
constexpr size_t kMaxPrintedRows = 60;
// Bytes above which glibc takes pages from the system and gives them back.
constexpr int kKeptBytes = 1 << 30;
// Hexadecimal digits that name a checkpoint folder.
constexpr size_t kFolderDigits = 12;

// The folder can be made and written to, or says why not.
absl::Status CheckWritable(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  std::string reason = error ? error.message() : "";
  if (!error) {
    const std::string probe = absl::StrCat(folder, "/.probe.", getpid());
    std::FILE* file = std::fopen(probe.c_str(), "w");
    if (file != nullptr) {
      std::fclose(file);
      fs::remove(probe, error);
      return absl::OkStatus();
    }
    reason = std::generic_category().message(errno);
  }
  return absl::PermissionDeniedError(
      absl::StrCat("--out=", folder, ": cannot write there (", reason,
                   "); name a folder that you may write to"));
}

// Of this program's own file: another build may compute otherwise.
const std::string& ProgramChecksum() {
  static const std::string& checksum = *new std::string([] {
    const absl::StatusOr<std::string> sha256 = Sha256OfFile("/proc/self/exe");
    MUSTER_CHECK_OK(sha256);
    return *sha256;
  }());
  return checksum;
}

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc;
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

void PrintTable(const Table& table) {
  std::printf("\n%s\n", table.title().empty() ? table.name().c_str()
                                              : table.title().c_str());
  Table shown(table.name(), table.columns());
  for (const auto& row : table.rows()) {
    if (shown.rows().size() == kMaxPrintedRows) break;
    shown.AddRow(row);
  }
  std::fputs(TableToText(shown).c_str(), stdout);
  if (shown.rows().size() < table.rows().size()) {
    std::printf("... %zu more rows in tables/%s.csv\n",
                table.rows().size() - shown.rows().size(),
                table.name().c_str());
  }
}

}  // namespace

struct Experiment::Impl {
  std::unique_ptr<tools::ProgressPrinter> printer;
  std::chrono::steady_clock::time_point begin;
  std::string begin_utc;
  std::string command_line;
  bool made_out = false;
  std::atomic<bool> incomplete = false;
  std::vector<Table> tables;
  std::vector<Table> timings;
  std::vector<FigureSpec> figures;
  std::vector<std::string> notes;
  std::vector<ResultFile> files;
  std::optional<DataFiles> data;  // from Start on
  std::mutex record_mutex;
  std::optional<DataChecksums> recorded;  // guarded; set by the first Save
  std::once_flag fingerprint_once;
  std::string fingerprint;
  std::optional<CheckpointStore> checkpoints;
};

Experiment::Experiment() : impl_(std::make_unique<Impl>()) {}
Experiment::~Experiment() = default;

absl::StatusOr<std::unique_ptr<Experiment>> Experiment::Start(
    int argc, char** argv, ExperimentInfo info) {
  MUSTER_CHECK(IsFileName(info.name)) << "experiment name " << info.name;
  auto experiment = absl::WrapUnique(new Experiment());
  Impl& impl = *experiment->impl_;
  impl.begin = std::chrono::steady_clock::now();
  impl.begin_utc = UtcNow();
  impl.command_line = absl::StrJoin(argv, argv + argc, " ");
  MUSTER_ASSIGN_OR_RETURN(const bool help, tools::ParseFlags(argc, argv));
  if (help) {
    return absl::InvalidArgumentError("--help is for RunExperiment to print");
  }
  MUSTER_ASSIGN_OR_RETURN(experiment->flags_, ReadCommonFlags(info));
  experiment->info_ = std::move(info);
  impl.data.emplace(experiment->flags_.data_dir);
  std::error_code error;
  impl.made_out = !fs::exists(experiment->flags_.out, error);
  MUSTER_RETURN_IF_ERROR(CheckWritable(experiment->flags_.out));
  if (experiment->flags_.resume) {
    const absl::Status status = experiment->CheckResumable();
    if (!status.ok()) return status;
  }
  impl.printer = tools::ProgressPrinter::ForStandardError();
  tools::CatchStopSignals(
      "\nstopping: writing the results so far (once more to kill)\n");
  return experiment;
}

runtime::Runtime Experiment::runtime() const {
  return {.threads = flags_.threads,
          .observer = impl_->printer.get(),
          .stop = &tools::StopRequested()};
}

bool Experiment::stopped() const {
  return tools::StopRequested().load(std::memory_order_relaxed);
}

void Experiment::AddTable(Table table) {
  for (const Table& other : impl_->tables) {
    MUSTER_CHECK(other.name() != table.name())
        << "two tables named " << table.name();
  }
  impl_->tables.push_back(std::move(table));
}

void Experiment::AddTimings(Table table) {
  impl_->timings.push_back(std::move(table));
}

void Experiment::AddFigure(FigureSpec figure) {
  impl_->figures.push_back(std::move(figure));
}

void Experiment::Note(std::string text) {
  impl_->notes.push_back(std::move(text));
}

void Experiment::AddFile(std::string relative_path, std::string contents) {
  impl_->files.emplace_back(std::move(relative_path), std::move(contents));
}

absl::StatusOr<std::string> Experiment::DataFile(
    absl::string_view relative_path) {
  return impl_->data->Find(relative_path);
}

CheckpointStore& Experiment::Checkpoints() {
  std::call_once(impl_->fingerprint_once, [this] {
    std::string text;
    for (const auto& [name, value] : ResultFlags()) {
      absl::StrAppend(&text, name, "=", value, "\n");
    }
    absl::StrAppend(&text, info_.name, "\n", ProgramChecksum());
    impl_->fingerprint = Sha256Hex(text);
    impl_->checkpoints.emplace(
        absl::StrCat(flags_.out, "/checkpoint/",
                     impl_->fingerprint.substr(0, kFolderDigits)),
        impl_->fingerprint);
  });
  return *impl_->checkpoints;
}

absl::Status Experiment::CheckResumable() {
  const std::string all = flags_.out + "/checkpoint";
  Checkpoints();
  const std::string ours =
      absl::StrCat(all, "/", impl_->fingerprint.substr(0, kFolderDigits));
  std::error_code error;
  if (!fs::exists(ours, error)) {
    if (fs::exists(all, error) && !fs::is_empty(all, error)) {
      std::fprintf(
          stderr,
          "%s: note: --resume begins anew: the checkpoints in %s were "
          "saved with other flags or by another build of the program\n",
          info_.name.c_str(), all.c_str());
    }
    return absl::OkStatus();
  }
  MUSTER_ASSIGN_OR_RETURN(const DataChecksums recorded,
                          Checkpoints().LoadData());
  const absl::Status status = impl_->data->CheckUnchanged(recorded);
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("--resume: ", status.message(), ", but the checkpoints in ",
                   ours,
                   " were computed from it; name the folder of the former data "
                   "by --data_dir, or leave --resume out to begin anew"));
}

// Makes the record of data files hold all that a blob saved from now on may
// rest on, and the folder hold no blob that rests on others.
absl::Status Experiment::RecordData() {
  const std::lock_guard<std::mutex> lock(impl_->record_mutex);
  const bool first = !impl_->recorded.has_value();
  if (first) {
    absl::StatusOr<DataChecksums> old = Checkpoints().LoadData();
    if (!flags_.resume &&
        !(old.ok() && impl_->data->CheckUnchanged(*old).ok())) {
      MUSTER_RETURN_IF_ERROR(Checkpoints().Clear());
      old = DataChecksums();
    }
    MUSTER_ASSIGN_OR_RETURN(impl_->recorded, std::move(old));
  }
  const size_t before = impl_->recorded->size();
  impl_->recorded->merge(impl_->data->checksums());
  if (!first && impl_->recorded->size() == before) return absl::OkStatus();
  return Checkpoints().SaveData(*impl_->recorded);
}

absl::Status Experiment::Save(absl::string_view name, absl::string_view bytes) {
  MUSTER_RETURN_IF_ERROR(RecordData());
  return Checkpoints().Save(name, bytes);
}

absl::StatusOr<std::string> Experiment::Load(absl::string_view name) {
  if (!flags_.resume) {
    return absl::NotFoundError("checkpoints are read only with --resume");
  }
  return Checkpoints().Load(name);
}

absl::Status Experiment::Forget(absl::string_view name) {
  return Checkpoints().Forget(name);
}

void Experiment::MarkIncomplete() { impl_->incomplete = true; }

absl::Status Experiment::WriteResults(const std::vector<Claim>& claims) {
  const bool incomplete = impl_->incomplete;
  for (const FigureSpec& figure : impl_->figures) {
    MUSTER_RETURN_IF_ERROR(Validate(figure));
  }
  const ResultsDocument document = {
      .info = info_,
      .flags = flags_,
      .result_flags = ResultFlags(),
      .data_checksums = impl_->data->checksums(),
      .missing_data = impl_->data->missing(),
      .tables = impl_->tables,
      .figures = impl_->figures,
      .claims = claims,
      .notes = impl_->notes,
      .files = impl_->files,
      .incomplete = incomplete,
  };
  std::vector<ResultFile> files = impl_->files;
  for (const Table& table : impl_->tables) {
    files.emplace_back(absl::StrCat("tables/", table.name(), ".csv"),
                       TableToCsv(table));
  }
  std::vector<std::string> specifications;
  for (const FigureSpec& figure : impl_->figures) {
    files.emplace_back(figure.name + ".figure.json",
                       FigureToJson(figure, incomplete));
    specifications.push_back(absl::StrCat(flags_.out, "/", files.back().first));
  }
  files.emplace_back("results.csv", ResultsCsv(document));
  files.emplace_back("results.json", ResultsJson(document));
  files.emplace_back("claims.csv", ClaimsToCsv(claims));
  MUSTER_RETURN_IF_ERROR(ReplaceResults(flags_.out, files));
  if (flags_.figures) {
    figures_status_ = DrawFigures(flags_.out, specifications, flags_.threads);
  }
  return absl::OkStatus();
}

absl::Status Experiment::WriteRun(int exit_code) {
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - impl_->begin;
  return runtime::WriteFileAtomically(
      flags_.out + "/run.json",
      RunJson({.begin_utc = impl_->begin_utc,
               .wall_seconds = seconds.count(),
               .threads = flags_.threads,
               .command_line = impl_->command_line,
               .resumed = flags_.resume,
               .incomplete = impl_->incomplete,
               .exit_code = exit_code,
               .figures = !flags_.figures ? "left out by --figures=false"
                          : figures_status_.ok()
                              ? "drawn"
                              : std::string(figures_status_.message()),
               .timings = impl_->timings}));
}

int Experiment::Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s: error: %s\n", info_.name.c_str(),
               std::string(status.message()).c_str());
  // An output folder that this run made and left empty goes again.
  std::error_code error;
  if (impl_->made_out) fs::remove(flags_.out, error);
  return 1;
}

int Experiment::Finish(absl::Status status) {
  impl_->printer->Finish();
  // Looked at once: a signal that comes later finds nothing left to cut short.
  const bool was_stopped = stopped();
  if (was_stopped) impl_->incomplete = true;
  if (!status.ok() && !(absl::IsCancelled(status) && was_stopped)) {
    return Fail(status);
  }
  std::vector<Claim> claims = claims_.all();
  if (impl_->incomplete) claims = AsIncomplete(std::move(claims));
  for (const Table& table : impl_->tables) PrintTable(table);
  for (const Table& table : impl_->timings) PrintTable(table);
  for (const std::string& note : impl_->notes) {
    std::printf("\nNote: %s\n", note.c_str());
  }
  if (!claims.empty()) std::printf("\n%s", ClaimsToText(claims).c_str());
  status = WriteResults(claims);
  if (!status.ok()) return Fail(status);
  int exit_code = 0;
  for (const Claim& claim : claims) {
    if (claim.verdict == Verdict::kFail) exit_code = 2;
  }
  if (was_stopped) exit_code = 128 + tools::StopSignal();
  status = WriteRun(exit_code);
  if (!status.ok()) return Fail(status);
  if (!figures_status_.ok()) {
    std::fprintf(stderr, "%s: warning: no figures: %s\n", info_.name.c_str(),
                 std::string(figures_status_.message()).c_str());
  }
  std::printf("\n%sResults in %s\n",
              impl_->incomplete ? "INCOMPLETE: the run was stopped. " : "",
              flags_.out.c_str());
  std::fflush(stdout);
  return exit_code;
}

int RunExperiment(int argc, char** argv, ExperimentInfo info,
                  const std::function<absl::Status(Experiment&)>& run) {
  // Each run of a grid allocates its models and matrices anew. With glibc's
  // defaults, new pages took half the time of small ones (text_and_tables).
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
#endif
  const absl::StatusOr<bool> help = tools::ParseFlags(argc, argv);
  if (help.ok() && *help) {
    std::fputs(HelpText(info).c_str(), stdout);
    return 0;
  }
  const std::string name = info.name;
  auto experiment = Experiment::Start(argc, argv, std::move(info));
  if (!experiment.ok()) {
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(),
                 std::string(experiment.status().message()).c_str());
    return 1;
  }
  std::printf("%s: %s\nSource: %s\nSeed %llu, %lld seed%s, %s\n", name.c_str(),
              (*experiment)->info().title.c_str(),
              (*experiment)->info().source.c_str(),
              static_cast<unsigned long long>((*experiment)->flags().seed),
              static_cast<long long>((*experiment)->flags().seeds),
              (*experiment)->flags().seeds == 1 ? "" : "s",
              (*experiment)->flags().quick()  ? "quick"
              : (*experiment)->flags().full() ? "full"
                                              : "default size");
  std::fflush(stdout);
  return (*experiment)->Finish(run(**experiment));
}

}  // namespace muster::benchmarks
