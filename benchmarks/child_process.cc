#include "muster/benchmarks/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

// POSIX leaves its declaration to the program.
extern char** environ;  // NOLINT

namespace muster::benchmarks {
namespace {

constexpr int kPollMilliseconds = 50;
// What a shell says of a program that it cannot start.
constexpr int kCannotStart = 127;

// The environment of this process with some values replaced.
std::vector<std::string> MergedEnvironment(
    const std::vector<std::string>& changes) {
  std::vector<std::string> merged = changes;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const absl::string_view text = *entry;
    const absl::string_view name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (const std::string& change : changes) {
      replaced = replaced || absl::StartsWith(change, name);
    }
    if (!replaced) merged.emplace_back(text);
  }
  return merged;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, after fork(): only calls that are safe there.
[[noreturn]] void Become(char** arguments, char** environment, int output) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execve(arguments[0], arguments, environment);
  constexpr char kMessage[] = "cannot start the program\n";
  if (write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1) < 0) {
    // The exit code says it as well.
  }
  _exit(kCannotStart);
}

// Cuts what comes into lines; a carriage return ends one, too.
class Lines {
 public:
  explicit Lines(const std::function<void(absl::string_view)>& on_line)
      : on_line_(on_line) {}
  void Add(absl::string_view bytes) {
    for (const char c : bytes) {
      if (c != '\n' && c != '\r') {
        line_.push_back(c);
      } else {
        End();
      }
    }
  }
  void End() {
    if (!line_.empty() && on_line_) on_line_(line_);
    line_.clear();
  }

 private:
  const std::function<void(absl::string_view)>& on_line_;
  std::string line_;
};

}  // namespace

absl::StatusOr<int> RunChild(const ChildProcess& child) {
  std::vector<std::string> arguments = child.arguments;
  std::vector<std::string> environment = MergedEnvironment(child.environment);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make a pipe");
  }
  const pid_t pid = fork();
  if (pid == 0) {
    Become(const_cast<char**>(argv.data()), const_cast<char**>(envp.data()),
           ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return absl::ErrnoToStatus(
        errno, absl::StrCat("cannot start ", child.arguments[0]));
  }
  Lines lines(child.on_line);
  bool told = false;
  for (;;) {
    if (!told && child.stop != nullptr && *child.stop) {
      told = true;
      kill(pid, child.stop_signal ? child.stop_signal() : SIGTERM);
    }
    pollfd ready = {.fd = ends[0], .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kPollMilliseconds) <= 0) continue;
    char buffer[4096];
    const ssize_t size = read(ends[0], buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    lines.Add(absl::string_view(buffer, static_cast<size_t>(size)));
  }
  lines.End();
  close(ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const int code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code == kCannotStart) {
    return absl::InternalError(
        absl::StrCat("cannot start ", child.arguments[0]));
  }
  return code;
}

}  // namespace muster::benchmarks
