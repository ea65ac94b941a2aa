#include "muster/tools/call_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace muster::tools {

std::string CallFolder() {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (folder != nullptr && *folder != '\0') return folder;
  std::error_code error;
  const auto current = std::filesystem::current_path(error);
  return error ? "." : current.string();
}

std::string ResolvePath(absl::string_view path) {
  const std::filesystem::path given{std::string(path)};
  const std::filesystem::path whole =
      given.is_absolute() ? given : std::filesystem::path(CallFolder()) / given;
  std::string resolved = whole.lexically_normal().string();
  while (resolved.size() > 1 && resolved.back() == '/') resolved.pop_back();
  return resolved;
}

}  // namespace muster::tools
