#include "muster/runtime/trace_source.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/call_arguments.h"
#include "muster/runtime/cluster_spec_parser.h"
#include "muster/runtime/spec_lexer.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/trace_file.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

using Laws = std::vector<SpeedLaw>;

constexpr double kMinScale = 1e-12;
constexpr double kMaxScale = 1e12;
constexpr absl::string_view kFolderAlibaba = "traces/alibaba-pai-minibatch";
constexpr absl::string_view kFolderAzure = "traces/azure-vm-noise";
constexpr absl::string_view kFolderGavel = "traces/gavel";
constexpr absl::string_view kFolderFlash = "traces/flash-ondevice";

// The words that stand for files of `folder`, those that end with `suffix`.
std::vector<std::string> NamesIn(const std::string& folder,
                                 absl::string_view suffix) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    if (absl::EndsWith(file, suffix)) {
      names.push_back(file.substr(0, file.size() - suffix.size()));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// data_dir/folder/(word and suffix), which must exist; `name` is the argument
// that gave the word.
absl::StatusOr<std::string> FileOf(const CallArguments& arguments,
                                   absl::string_view name,
                                   absl::string_view word,
                                   const std::string& data_dir,
                                   absl::string_view folder,
                                   absl::string_view suffix) {
  if (data_dir.empty()) {
    return arguments.ErrorAt(
        name, absl::StrCat("no folder of data sets is set to look for ", word,
                           " in; pass --data_dir"));
  }
  const std::string where = absl::StrCat(data_dir, "/", folder);
  std::string path = absl::StrCat(where, "/", word, suffix);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path;
  const std::vector<std::string> names = NamesIn(where, suffix);
  const absl::Status status = arguments.ErrorAt(
      name, absl::StrCat(
                "there is no file ", path, "; ",
                names.empty()
                    ? "is --data_dir the folder of data sets?"
                    : absl::StrCat("known are ", absl::StrJoin(names, ", "))));
  return absl::NotFoundError(status.message());
}

// The path of the file that the argument `name` means: a string is a path, a
// word a file of data_dir.
absl::StatusOr<std::string> PathOf(const CallArguments& arguments,
                                   absl::string_view name,
                                   const std::string& data_dir,
                                   absl::string_view folder,
                                   absl::string_view suffix) {
  const CallArgument* argument = arguments.Find(name);
  if (argument == nullptr || argument->text.empty()) {
    return arguments.ErrorAt(
        name, absl::StrCat("expected the ", name, ": a name in ", folder,
                           " or a \"path\""));
  }
  if (argument->kind == CallArgument::Kind::kString) return argument->text;
  return FileOf(arguments, name, argument->text, data_dir, folder, suffix);
}

absl::StatusOr<SpeedLaw> EmpiricalLaw(std::vector<double> seconds,
                                      bool replay) {
  MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<const EmpiricalSamples> samples,
                          EmpiricalSamples::Create(std::move(seconds)));
  return SpeedLaw::Empirical(
      std::move(samples),
      replay ? SpeedLaw::Sampling::kReplay : SpeedLaw::Sampling::kResample);
}

absl::StatusOr<Laws> AlibabaLaws(absl::string_view text, const CallSource& call,
                                 const std::string& data_dir) {
  MUSTER_ASSIGN_OR_RETURN(
      const CallArguments arguments,
      CallArguments::Create(text, call, {"job", "worker", "mode", "scale"}));
  MUSTER_ASSIGN_OR_RETURN(const std::string mode,
                          arguments.Choice("mode", {"replay", "resample"}));
  MUSTER_ASSIGN_OR_RETURN(
      const double scale,
      arguments.Number("scale", kMinScale, kMaxScale, 0.001));
  double first = 0;
  double last = std::numeric_limits<double>::infinity();
  if (const CallArgument* worker = arguments.Find("worker");
      worker != nullptr && worker->text != "all") {
    if (!worker->text.empty()) {
      return arguments.ErrorAt("worker",
                               "expected a worker, a range a..b or all");
    }
    first = worker->number;
    last = worker->kind == CallArgument::Kind::kRange ? worker->last : first;
  }
  MUSTER_ASSIGN_OR_RETURN(
      const std::string path,
      PathOf(arguments, "job", data_dir, kFolderAlibaba, "_norm.csv.gz"));
  MUSTER_ASSIGN_OR_RETURN(const MiniBatchTrace trace, ReadMiniBatchTrace(path));
  Laws laws;
  std::vector<int64_t> ids;
  for (const RecordedWorker& worker : trace.workers) {
    ids.push_back(worker.id);
    const double id = static_cast<double>(worker.id);
    if (id < first || id > last) continue;
    std::vector<double> seconds;
    for (const double time : worker.values) seconds.push_back(time * scale);
    MUSTER_ASSIGN_OR_RETURN(SpeedLaw law,
                            EmpiricalLaw(std::move(seconds), mode == "replay"));
    laws.push_back(std::move(law));
  }
  if (laws.empty()) {
    return arguments.ErrorAt(
        "worker", absl::StrCat("no such worker in ", path, "; there are ",
                               absl::StrJoin(ids, ", ")));
  }
  return laws;
}

absl::StatusOr<Laws> AzureLaws(absl::string_view text, const CallSource& call,
                               const std::string& data_dir) {
  MUSTER_ASSIGN_OR_RETURN(
      const CallArguments arguments,
      CallArguments::Create(
          text, call,
          {"benchmark", "lifespan", "region", "sku", "mode", "scale"}));
  MUSTER_ASSIGN_OR_RETURN(const std::string lifespan,
                          arguments.Choice("lifespan", {"long", "short"}));
  MUSTER_ASSIGN_OR_RETURN(const std::string region,
                          arguments.Choice("region", {"eastus", "westus2"}));
  MUSTER_ASSIGN_OR_RETURN(const std::string sku,
                          arguments.Choice("sku", {"B8ms", "D8s_v5"}));
  const bool is_short = lifespan == "short";
  MUSTER_ASSIGN_OR_RETURN(
      const std::string mode,
      is_short ? arguments.Choice("mode", {"resample", "fixed"})
               : arguments.Choice("mode", {"replay", "resample", "fixed"}));
  MUSTER_ASSIGN_OR_RETURN(const double scale,
                          arguments.Number("scale", kMinScale, kMaxScale, 1));
  MUSTER_ASSIGN_OR_RETURN(
      const std::string path,
      PathOf(arguments, "benchmark", data_dir, kFolderAzure,
             absl::StrCat(".", lifespan, ".", region, ".", sku, ".csv.gz")));
  MUSTER_ASSIGN_OR_RETURN(const VmNoiseTrace trace, ReadVmNoiseTrace(path));
  const double work = scale * trace.median_value;
  Laws laws;
  std::vector<double> all_seconds;
  for (const RecordedWorker& machine : trace.machines) {
    if (mode == "fixed") {
      laws.push_back(SpeedLaw::Constant(work / machine.values[0]));
      continue;
    }
    std::vector<double> seconds;
    for (const double value : machine.values) seconds.push_back(work / value);
    if (is_short) {
      all_seconds.insert(all_seconds.end(), seconds.begin(), seconds.end());
      continue;
    }
    MUSTER_ASSIGN_OR_RETURN(SpeedLaw law,
                            EmpiricalLaw(std::move(seconds), mode == "replay"));
    laws.push_back(std::move(law));
  }
  if (!all_seconds.empty()) {
    MUSTER_ASSIGN_OR_RETURN(SpeedLaw law, EmpiricalLaw(std::move(all_seconds),
                                                       /*replay=*/false));
    laws.push_back(std::move(law));
  }
  return laws;
}

absl::StatusOr<Laws> GavelLaws(absl::string_view text, const CallSource& call,
                               const std::string& data_dir) {
  const std::vector<std::string> machines = {"k80",
                                             "p100",
                                             "v100",
                                             "k80_unconsolidated",
                                             "p100_unconsolidated",
                                             "v100_unconsolidated"};
  std::vector<std::string> names = {"job", "gpus", "steps", "file"};
  names.insert(names.end(), machines.begin(), machines.end());
  MUSTER_ASSIGN_OR_RETURN(const CallArguments arguments,
                          CallArguments::Create(text, call, std::move(names)));
  const CallArgument* job = arguments.Find("job");
  if (job == nullptr || job->text.empty()) {
    return arguments.ErrorAt(
        "job", "expected the job, such as \"ResNet-18 (batch size 16)\"");
  }
  MUSTER_ASSIGN_OR_RETURN(const int64_t gpus,
                          arguments.WholeNumber("gpus", 1, 1000, 1));
  MUSTER_ASSIGN_OR_RETURN(const double steps,
                          arguments.Number("steps", kMinScale, kMaxScale, 1));
  std::string path;
  if (arguments.Has("file")) {
    MUSTER_ASSIGN_OR_RETURN(
        path, PathOf(arguments, "file", data_dir, kFolderGavel, ".json.gz"));
  } else {
    MUSTER_ASSIGN_OR_RETURN(
        path, FileOf(arguments, "", "simulation_throughputs", data_dir,
                     kFolderGavel, ".json.gz"));
  }
  MUSTER_ASSIGN_OR_RETURN(const GavelThroughputs throughputs,
                          GavelThroughputs::Read(path));
  Laws laws;
  for (const std::string& machine : machines) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t count,
                            arguments.WholeNumber(machine, 0, kMaxWorkers, 0));
    if (count == 0) continue;
    if (static_cast<int64_t>(laws.size()) + count > kMaxWorkers) {
      return arguments.ErrorAt(
          machine, absl::StrCat("more than ", kMaxWorkers, " workers"));
    }
    MUSTER_ASSIGN_OR_RETURN(
        const double rate,
        throughputs.StepsPerSecond(machine, job->text, static_cast<int>(gpus)));
    laws.insert(laws.end(), count, SpeedLaw::Constant(steps / rate));
  }
  if (laws.empty()) {
    return arguments.ErrorAt(
        "", absl::StrCat("no machines; give the number of each kind, such as "
                         "k80=2, of ",
                         absl::StrJoin(machines, ", ")));
  }
  return laws;
}

absl::StatusOr<Laws> FlashLaws(absl::string_view text, const CallSource& call,
                               const std::string& data_dir) {
  MUSTER_ASSIGN_OR_RETURN(
      const CallArguments arguments,
      CallArguments::Create(text, call,
                            {"phone", "mode", "inputs", "outputs", "batch",
                             "sequence", "scale"}));
  MUSTER_ASSIGN_OR_RETURN(const std::string mode,
                          arguments.Choice("mode", {"resample", "replay"}));
  MUSTER_ASSIGN_OR_RETURN(const double scale,
                          arguments.Number("scale", kMinScale, kMaxScale, 1));
  // 0: any.
  MUSTER_ASSIGN_OR_RETURN(const int64_t inputs,
                          arguments.WholeNumber("inputs", 1, 1000000, 0));
  MUSTER_ASSIGN_OR_RETURN(const int64_t outputs,
                          arguments.WholeNumber("outputs", 1, 1000000, 0));
  MUSTER_ASSIGN_OR_RETURN(const int64_t batch,
                          arguments.WholeNumber("batch", 1, 1000000, 0));
  MUSTER_ASSIGN_OR_RETURN(const int64_t sequence,
                          arguments.WholeNumber("sequence", 1, 1000000, 0));
  MUSTER_ASSIGN_OR_RETURN(
      const std::string path,
      PathOf(arguments, "phone", data_dir, kFolderFlash, ".lstm.json.gz"));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<OnDeviceRun> runs,
                          ReadOnDeviceRuns(path));
  std::vector<double> seconds;
  const auto fits = [](int64_t wanted, int32_t size) {
    return wanted == 0 || wanted == size;
  };
  for (const OnDeviceRun& run : runs) {
    if (fits(inputs, run.inputs) && fits(outputs, run.outputs) &&
        fits(batch, run.batch_size) && fits(sequence, run.sequence_length)) {
      seconds.push_back(run.seconds * scale);
    }
  }
  if (seconds.empty()) {
    return arguments.ErrorAt(
        "", absl::StrCat("no run of these sizes in ", path,
                         "; the published grid has inputs and outputs 50, 100, "
                         "..., 1000, batch 5, 10, ..., 50, sequence 2, 4, ..., "
                         "10"));
  }
  MUSTER_ASSIGN_OR_RETURN(SpeedLaw law,
                          EmpiricalLaw(std::move(seconds), mode == "replay"));
  return Laws{std::move(law)};
}

}  // namespace

absl::StatusOr<Laws> LawsOfTrace(absl::string_view text, const CallSource& call,
                                 const std::string& data_dir) {
  absl::StatusOr<Laws> laws = SpecErrorAt(
      text, call.column,
      absl::StrCat("unknown trace '", call.name,
                   "'; expected one of alibaba, azure, gavel, flash"));
  if (call.name == "alibaba") laws = AlibabaLaws(text, call, data_dir);
  if (call.name == "azure") laws = AzureLaws(text, call, data_dir);
  if (call.name == "gavel") laws = GavelLaws(text, call, data_dir);
  if (call.name == "flash") laws = FlashLaws(text, call, data_dir);
  return laws;
}

}  // namespace muster::runtime
