#include "muster/benchmarks/harness/provenance.h"

#include <sched.h>
#include <sys/utsname.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/base/config.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::benchmarks {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The text after `key` and `separator` on the first line that begins so.
std::string ValueInFile(const std::string& path, absl::string_view key,
                        char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(separator, 1));
    if (parts.size() == 2 && absl::StripAsciiWhitespace(parts[0]) == key) {
      return std::string(absl::StripAsciiWhitespace(parts[1]));
    }
  }
  return "";
}

// What a command prints, trimmed; empty when it fails.
std::string OutputOf(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
      popen(command.c_str(), "r"), &pclose);
  if (pipe == nullptr) return "";
  std::string output;
  char buffer[256];
  while (std::fgets(buffer, sizeof(buffer), pipe.get()) != nullptr) {
    output.append(buffer);
  }
  return std::string(absl::StripAsciiWhitespace(output));
}

std::string ShellQuote(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.cpu = ValueInFile("/proc/cpuinfo", "model name", ':');
  if (machine.cpu.empty()) machine.cpu = "unknown";
  cpu_set_t cpus;
  machine.cores = sched_getaffinity(0, sizeof(cpus), &cpus) == 0
                      ? CPU_COUNT(&cpus)
                      : std::thread::hardware_concurrency();
  int64_t kibibytes = 0;
  const std::string memory = ValueInFile("/proc/meminfo", "MemTotal", ':');
  machine.memory_bytes =
      absl::SimpleAtoi(absl::StripSuffix(memory, " kB"), &kibibytes)
          ? kibibytes * 1024
          : -1;
  machine.os = ValueInFile("/etc/os-release", "PRETTY_NAME", '=');
  machine.os = absl::StrReplaceAll(machine.os, {{"\"", ""}});
  if (machine.os.empty()) machine.os = "unknown";
  utsname kernel;
  if (uname(&kernel) == 0) {
    absl::StrAppend(&machine.os, ", ", kernel.sysname, " ", kernel.release, " ",
                    kernel.machine);
  }
  return machine;
}

std::string Compiler() {
#if defined(__clang__)
  return absl::StrCat("clang ", __clang_version__);
#elif defined(__GNUC__)
  return absl::StrCat("gcc ", __VERSION__);
#else
  return "unknown";
#endif
}

std::string BuildMode() {
#ifdef NDEBUG
  std::string mode = "opt";
#else
  std::string mode = "debug";
#endif
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  mode.append("+asan");
#endif
#ifdef ABSL_HAVE_THREAD_SANITIZER
  mode.append("+tsan");
#endif
  return mode;
}

std::string Commit() {
  const std::string given = Environment("MUSTER_COMMIT");
  if (!given.empty()) return given;
  const std::string workspace = Environment("BUILD_WORKSPACE_DIRECTORY");
  if (workspace.empty()) return "unknown";
  const std::string git =
      absl::StrCat("git -C ", ShellQuote(workspace), " 2>/dev/null ");
  const std::string commit = OutputOf(git + "rev-parse --verify HEAD");
  if (commit.empty()) return "unknown";
  const std::string changes =
      OutputOf(git + "status --porcelain --untracked-files=no");
  return changes.empty() ? commit : commit + "+changes";
}

absl::StatusOr<std::string> Runfile(absl::string_view path) {
  std::vector<std::string> roots;
  for (const char* name : {"RUNFILES_DIR", "TEST_SRCDIR"}) {
    const std::string folder = Environment(name);
    if (!folder.empty()) roots.push_back(folder);
  }
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    roots.push_back(program.string() + ".runfiles");
    // A program that is itself a data file of another lies in its tree.
    const std::string& text = program.string();
    const size_t tree = text.find(".runfiles/");
    if (tree != std::string::npos) {
      roots.push_back(text.substr(0, tree + sizeof(".runfiles") - 1));
    }
  }
  for (const std::string& root : roots) {
    const std::string candidate = absl::StrCat(root, "/muster/", path);
    if (std::filesystem::exists(candidate, error)) return candidate;
  }
  return absl::NotFoundError(absl::StrCat(
      "cannot find ", path, " of the source tree under ",
      absl::StrJoin(roots, ", "), "; start the program with ./bazelw run"));
}

}  // namespace muster::benchmarks
