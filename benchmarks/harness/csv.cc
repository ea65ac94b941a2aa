#include "muster/benchmarks/harness/csv.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace muster::benchmarks {

std::string CsvField(absl::string_view field) {
  if (field.find_first_of(",\"\n\r") == absl::string_view::npos) {
    return std::string(field);
  }
  return absl::StrCat("\"", absl::StrReplaceAll(field, {{"\"", "\"\""}}), "\"");
}

void AppendCsvRow(const std::vector<std::string>& fields, std::string* csv) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) csv->push_back(',');
    csv->append(CsvField(fields[i]));
  }
  csv->push_back('\n');
}

absl::StatusOr<std::vector<std::vector<std::string>>> ParseCsv(
    absl::string_view csv) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  int64_t line = 1;
  int64_t quote_line = 0;
  enum class At { kFieldBegin, kPlain, kQuoted, kAfterQuote };
  At at = At::kFieldBegin;
  const auto end_row = [&] {
    row.push_back(std::move(field));
    field.clear();
    rows.push_back(std::move(row));
    row.clear();
    at = At::kFieldBegin;
  };
  for (size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (at == At::kQuoted) {
      if (c == '\n') ++line;
      if (c != '"') {
        field.push_back(c);
      } else if (i + 1 < csv.size() && csv[i + 1] == '"') {
        field.push_back('"');
        ++i;
      } else {
        at = At::kAfterQuote;
      }
      continue;
    }
    if (c == '\r' && i + 1 < csv.size() && csv[i + 1] == '\n') continue;
    if (c == '\n') {
      end_row();
      ++line;
    } else if (c == ',') {
      row.push_back(std::move(field));
      field.clear();
      at = At::kFieldBegin;
    } else if (c == '"' && at == At::kFieldBegin) {
      at = At::kQuoted;
      quote_line = line;
    } else if (at == At::kAfterQuote) {
      return absl::DataLossError(absl::StrCat(
          "csv line ", line, ": '", std::string(1, c),
          "' after a closing quote; expected a comma or the line's end"));
    } else {
      field.push_back(c);
      at = At::kPlain;
    }
  }
  if (at == At::kQuoted) {
    return absl::DataLossError(
        absl::StrCat("csv line ", quote_line, ": a quote is never closed"));
  }
  if (at != At::kFieldBegin || !row.empty()) end_row();
  return rows;
}

}  // namespace muster::benchmarks
