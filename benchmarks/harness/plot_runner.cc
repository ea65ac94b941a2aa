#include "muster/benchmarks/harness/plot_runner.h"

#include <sys/wait.h>

#include <cstdio>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "muster/benchmarks/harness/provenance.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

// Debian's interpreter by its full name: a python3 found on the PATH may be one
// without Debian's packages.
constexpr char kPython[] = "/usr/bin/python3";
constexpr char kPlotter[] = "tools/plot/plot.py";
constexpr int kMatplotlibMissing = 3;

std::string ShellQuote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

absl::Status DrawFigures(const std::string& folder,
                         const std::vector<std::string>& specification_files,
                         int threads) {
  if (specification_files.empty()) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const std::string plotter, Runfile(kPlotter));
  std::string command =
      absl::StrCat(kPython, " ", ShellQuote(plotter), " --threads ", threads,
                   " --out ", ShellQuote(folder));
  for (const std::string& file : specification_files) {
    absl::StrAppend(&command, " ", ShellQuote(file));
  }
  command.append(" 2>&1");
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    return absl::InternalError(absl::StrCat("cannot start ", kPython));
  }
  std::string output;
  char buffer[512];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) {
    output.append(buffer);
  }
  const int wait_status = pclose(pipe);
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
    return absl::OkStatus();
  }
  const absl::string_view message = absl::StripAsciiWhitespace(output);
  if (WIFEXITED(wait_status) &&
      WEXITSTATUS(wait_status) == kMatplotlibMissing) {
    return absl::UnavailableError(message);
  }
  return absl::InternalError(absl::StrCat(kPlotter, ": ", message));
}

}  // namespace muster::benchmarks
