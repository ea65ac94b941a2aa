#include "muster/benchmarks/harness/results_json.h"

#include <unistd.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "muster/benchmarks/harness/csv.h"
#include "muster/benchmarks/harness/provenance.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json CellJson(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell.value())) return *text;
  if (const auto* whole = std::get_if<int64_t>(&cell.value())) return *whole;
  return Number(std::get<double>(cell.value()));
}

Json TableJson(const Table& table) {
  Json json = {{"name", table.name()},
               {"title", table.title()},
               {"columns", table.columns()}};
  json["rows"] = Json::array();
  for (const auto& row : table.rows()) {
    Json cells = Json::array();
    for (const Cell& cell : row) cells.push_back(CellJson(cell));
    json["rows"].push_back(std::move(cells));
  }
  return json;
}

Json ClaimJson(const Claim& claim) {
  return {{"id", claim.id},
          {"source", claim.source},
          {"statement", claim.statement},
          {"paper", claim.paper},
          {"ours", Number(claim.ours)},
          {"low", Number(claim.low)},
          {"high", Number(claim.high)},
          {"seeds", claim.seeds},
          {"verdict", std::string(VerdictName(claim.verdict))}};
}

Json ProvenanceJson() {
  const Machine machine = ThisMachine();
  Json memory =
      machine.memory_bytes < 0 ? Json(nullptr) : Json(machine.memory_bytes);
  return {{"commit", Commit()},     {"compiler", Compiler()},
          {"build", BuildMode()},   {"cpu", machine.cpu},
          {"cores", machine.cores}, {"memory_bytes", std::move(memory)},
          {"os", machine.os}};
}

std::string_view EffortName(Effort effort) {
  switch (effort) {
    case Effort::kQuick:
      return "quick";
    case Effort::kDefault:
      return "default";
    case Effort::kFull:
      return "full";
  }
  return "unknown";
}

// Indented, line end at the end; bytes that are no UTF-8 are replaced.
std::string Dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string ResultsCsv(const ResultsDocument& document) {
  const std::string status = document.incomplete ? "incomplete" : "complete";
  std::string csv;
  AppendCsvRow({"table", "row", "column", "value", "status"}, &csv);
  for (const Table& table : document.tables) {
    for (size_t r = 0; r < table.rows().size(); ++r) {
      for (size_t c = 0; c < table.columns().size(); ++c) {
        AppendCsvRow({table.name(), absl::StrCat(r), table.columns()[c],
                      table.rows()[r][c].Exact(), status},
                     &csv);
      }
    }
  }
  return csv;
}

std::string ResultsJson(const ResultsDocument& document) {
  Json json = {{"experiment", document.info.name},
               {"title", document.info.title},
               {"source", document.info.source},
               {"incomplete", document.incomplete},
               {"effort", EffortName(document.flags.effort)},
               {"seed", document.flags.seed},
               {"seeds", document.flags.seeds}};
  json["flags"] = Json::object();
  for (const auto& [name, value] : document.result_flags) {
    json["flags"][name] = value;
  }
  json["data_sha256"] = Json::object();
  for (const auto& [path, checksum] : document.data_checksums) {
    json["data_sha256"][path] = checksum;
  }
  json["missing_data"] = document.missing_data;
  json["provenance"] = ProvenanceJson();
  json["claims"] = Json::array();
  for (const Claim& claim : document.claims) {
    json["claims"].push_back(ClaimJson(claim));
  }
  json["notes"] = Json::array();
  for (const std::string& note : document.notes) json["notes"].push_back(note);
  json["figures"] = Json::array();
  for (const FigureSpec& figure : document.figures) {
    json["figures"].push_back({{"name", figure.name},
                               {"title", figure.title},
                               {"caption", figure.caption}});
  }
  json["files"] = Json::array();
  for (const auto& [name, contents] : document.files) {
    json["files"].push_back(name);
  }
  json["tables"] = Json::array();
  for (const Table& table : document.tables) {
    json["tables"].push_back(TableJson(table));
  }
  return Dump(json);
}

std::string RunJson(const RunRecord& run) {
  char host[256] = "unknown";
  gethostname(host, sizeof(host) - 1);
  Json json = {{"begin_utc", run.begin_utc},
               {"wall_seconds", run.wall_seconds},
               {"host", host},
               {"threads", run.threads},
               {"command_line", run.command_line},
               {"resumed", run.resumed},
               {"incomplete", run.incomplete},
               {"exit_code", run.exit_code},
               {"figures", run.figures}};
  json["provenance"] = ProvenanceJson();
  json["timings"] = Json::array();
  for (const Table& table : run.timings) {
    json["timings"].push_back(TableJson(table));
  }
  return Dump(json);
}

}  // namespace muster::benchmarks
