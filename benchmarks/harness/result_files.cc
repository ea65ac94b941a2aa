#include "muster/benchmarks/harness/result_files.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr char kResults[] = "results.json";
constexpr char kRun[] = "run.json";

// Whether `name` is a file's path below a folder, and not of its checkpoints.
bool StaysInside(const std::string& name) {
  const fs::path path(name);
  if (name.empty() || path.is_absolute() || path != path.lexically_normal() ||
      !path.has_filename()) {
    return false;
  }
  const std::string first = path.begin()->string();
  return first != ".." && first != "." && first != "checkpoint";
}

// The texts of an array: its elements, or their members of that name.
std::vector<std::string> Texts(const Json& json, const char* array,
                               const char* member) {
  std::vector<std::string> texts;
  const auto found = json.find(array);
  if (found == json.end() || !found->is_array()) return texts;
  for (const Json& element : *found) {
    if (element.is_string()) texts.push_back(element.get<std::string>());
    if (!element.is_object()) continue;
    const auto text = element.find(member);
    if (text != element.end() && text->is_string()) {
      texts.push_back(text->get<std::string>());
    }
  }
  return texts;
}

absl::Status Write(const std::string& folder, const ResultFile& file) {
  const std::string path = absl::StrCat(folder, "/", file.first);
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  return runtime::WriteFileAtomically(path, file.second);
}

// Removes a file, and its folder when that is left empty.
absl::Status Remove(const std::string& folder, const std::string& name) {
  const fs::path path = fs::path(folder) / name;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return absl::OkStatus();
  fs::remove(path, error);
  if (error) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot remove ", path.string(),
                     " of earlier results: ", error.message()));
  }
  if (fs::path(name).has_parent_path()) fs::remove(path.parent_path(), error);
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> ListedFiles(const std::string& folder) {
  const absl::StatusOr<std::string> text =
      runtime::ReadFile(absl::StrCat(folder, "/", kResults));
  if (!text.ok()) return {};
  const Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("experiment")) return {};
  std::set<std::string> names;
  for (const std::string& table : Texts(json, "tables", "name")) {
    names.insert(absl::StrCat("tables/", table, ".csv"));
  }
  for (const std::string& figure : Texts(json, "figures", "name")) {
    for (const char* ending : {".figure.json", ".svg", ".png"}) {
      names.insert(figure + ending);
    }
  }
  for (std::string& name : Texts(json, "files", "")) {
    names.insert(std::move(name));
  }
  std::erase_if(names, [](const auto& name) { return !StaysInside(name); });
  return {names.begin(), names.end()};
}

absl::Status ReplaceResults(const std::string& folder,
                            const std::vector<ResultFile>& files) {
  std::vector<std::string> old = ListedFiles(folder);
  old.emplace_back(kRun);
  std::set<std::string> written;
  for (const auto& [name, contents] : files) written.insert(name);
  size_t next = 0;
  for (; next < files.size() && files[next].first != kResults; ++next) {
    MUSTER_RETURN_IF_ERROR(Write(folder, files[next]));
  }
  for (const std::string& name : old) {
    if (written.count(name) == 0) MUSTER_RETURN_IF_ERROR(Remove(folder, name));
  }
  for (; next < files.size(); ++next) {
    MUSTER_RETURN_IF_ERROR(Write(folder, files[next]));
  }
  return absl::OkStatus();
}

}  // namespace muster::benchmarks
