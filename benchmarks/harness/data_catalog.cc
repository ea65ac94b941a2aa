#include "muster/benchmarks/harness/data_catalog.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/benchmarks/harness/provenance.h"
#include "muster/runtime/input_file.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using Json = nlohmann::json;

constexpr char kManifest[] = "tools/data/manifest.json";
constexpr char kTool[] = "./bazelw run //tools/data -- ";

const Json& Member(const Json& json, const char* key) {
  static const Json& none = *new Json();
  const auto found = json.find(key);
  return found == json.end() ? none : *found;
}

}  // namespace

DataCatalog DataCatalog::BuiltIn() {
  const absl::StatusOr<std::string> path = Runfile(kManifest);
  if (!path.ok()) return {};
  const absl::StatusOr<std::string> text = runtime::ReadFile(*path);
  if (!text.ok()) return {};
  return Parse(*text).value_or(DataCatalog());
}

absl::StatusOr<DataCatalog> DataCatalog::Parse(absl::string_view manifest) {
  const Json json =
      Json::parse(manifest.begin(), manifest.end(), nullptr, false);
  if (!json.is_object() || !Member(json, "sets").is_array()) {
    return absl::DataLossError("not a manifest of data sets");
  }
  DataCatalog catalog;
  for (const Json& set : Member(json, "sets")) {
    const Json& name = Member(set, "name");
    if (!name.is_string()) return absl::DataLossError("a set without a name");
    for (const Json& file : Member(set, "files")) {
      const Json& path = Member(file, "path");
      if (!path.is_string()) {
        return absl::DataLossError(
            absl::StrCat("a file without a path in ", name.get<std::string>()));
      }
      if (Member(file, "sources").empty()) {
        catalog.made_by_hand_[path.get<std::string>()] =
            name.get<std::string>();
      }
    }
  }
  return catalog;
}

DataAdvice DataCatalog::Advice(std::span<const std::string> files,
                               absl::string_view data_dir) const {
  const absl::string_view folder = data_dir.empty() ? "FOLDER" : data_dir;
  std::vector<std::string> fetched;
  std::set<std::string> made;
  for (const std::string& file : files) {
    const auto found = made_by_hand_.find(file);
    if (found == made_by_hand_.end()) {
      fetched.push_back(file);
    } else {
      made.insert(found->second);
    }
  }
  DataAdvice advice;
  if (!fetched.empty()) {
    advice.fetch_command = absl::StrCat(
        kTool, "fetch ", absl::StrJoin(fetched, " "), " --data_dir ", folder);
  }
  if (!made.empty()) {
    const std::string sets = absl::StrJoin(made, " ");
    advice.by_hand = absl::StrCat(
        "no address serves ", absl::StrJoin(made, " and "),
        " as it is: make it by hand as told by ", kTool, "list ", sets,
        " and check it by ", kTool, "verify ", sets, " --data_dir ", folder);
  }
  return advice;
}

}  // namespace muster::benchmarks
