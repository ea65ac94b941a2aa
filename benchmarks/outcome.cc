#include "muster/benchmarks/outcome.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<Json> ReadJson(const std::string& path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string text, runtime::ReadFile(path));
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) {
    return absl::DataLossError(
        absl::StrCat(path, ": not a JSON object; run the experiment again"));
  }
  return json;
}

// The value's text if it is there and of the kind, else empty.
std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : "";
}

const Json& Array(const Json& json, const char* key) {
  static const Json& none = *new Json(Json::array());
  const auto found = json.find(key);
  return found != json.end() && found->is_array() ? *found : none;
}

std::string ScalarText(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float())
    return absl::StrFormat("%.6g", value.get<double>());
  return value.dump();
}

std::vector<std::string> Texts(const Json& array) {
  std::vector<std::string> texts;
  for (const Json& value : array) texts.push_back(ScalarText(value));
  return texts;
}

OutcomeTable ReadTable(const Json& json) {
  OutcomeTable table = {.name = Text(json, "name"),
                        .title = Text(json, "title"),
                        .columns = Texts(Array(json, "columns"))};
  table.is_number.assign(table.columns.size(), false);
  for (const Json& row : Array(json, "rows")) {
    table.rows.push_back(Texts(row));
    table.rows.back().resize(table.columns.size());
    for (size_t c = 0; c < row.size() && c < table.columns.size(); ++c) {
      if (row[c].is_number()) table.is_number[c] = true;
    }
  }
  return table;
}

void AddFacts(const Json& json, const char* key, absl::string_view prefix,
              Outcome* outcome) {
  const auto object = json.find(key);
  if (object == json.end() || !object->is_object()) return;
  for (const auto& [name, value] : object->items()) {
    outcome->provenance.emplace_back(absl::StrCat(prefix, name),
                                     ScalarText(value));
  }
}

}  // namespace

absl::Status LoadOutcome(const std::string& folder, Outcome* outcome) {
  const std::string claims_path = folder + "/claims.csv";
  MUSTER_ASSIGN_OR_RETURN(const std::string csv,
                          runtime::ReadFile(claims_path));
  absl::StatusOr<std::vector<Claim>> claims = ParseClaimsCsv(csv);
  if (!claims.ok()) {
    return absl::DataLossError(
        absl::StrCat(claims_path, ": ", claims.status().message()));
  }
  MUSTER_ASSIGN_OR_RETURN(const Json results,
                          ReadJson(folder + "/results.json"));
  MUSTER_ASSIGN_OR_RETURN(const Json run, ReadJson(folder + "/run.json"));
  outcome->claims = *std::move(claims);
  outcome->title = Text(results, "title");
  outcome->source = Text(results, "source");
  outcome->incomplete = results.value("incomplete", false);
  outcome->notes = Texts(Array(results, "notes"));
  outcome->missing_data = Texts(Array(results, "missing_data"));
  for (const Json& figure : Array(results, "figures")) {
    OutcomeFigure read = {.name = Text(figure, "name"),
                          .title = Text(figure, "title"),
                          .caption = Text(figure, "caption")};
    const std::string drawn = Text(run, "figures");
    if (drawn == "drawn") {
      MUSTER_ASSIGN_OR_RETURN(read.svg, runtime::ReadFile(absl::StrCat(
                                            folder, "/", read.name, ".svg")));
    } else {
      outcome->figures_warning = drawn;
    }
    outcome->figures.push_back(std::move(read));
  }
  for (const Json& table : Array(results, "tables")) {
    outcome->tables.push_back(ReadTable(table));
  }
  AddFacts(results, "flags", "--", outcome);
  AddFacts(results, "data_sha256", "sha256 of ", outcome);
  AddFacts(results, "provenance", "", outcome);
  return absl::OkStatus();
}

std::vector<Claim> UnionOfClaims(std::span<const Outcome> outcomes) {
  std::vector<Claim> all;
  for (const Outcome& outcome : outcomes) {
    for (Claim claim : outcome.claims) {
      claim.id = absl::StrCat(outcome.name, "/", claim.id);
      all.push_back(std::move(claim));
    }
  }
  return all;
}

std::vector<std::string> MissingData(std::span<const Outcome> outcomes) {
  std::set<std::string> all;
  for (const Outcome& outcome : outcomes) {
    all.insert(outcome.missing_data.begin(), outcome.missing_data.end());
  }
  return {all.begin(), all.end()};
}

}  // namespace muster::benchmarks
