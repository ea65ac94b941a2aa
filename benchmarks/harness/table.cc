#include "muster/benchmarks/harness/table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/benchmarks/harness/csv.h"
#include "muster/runtime/check.h"

namespace muster::benchmarks {
namespace {

// Columns on a terminal: bytes that do not continue a UTF-8 character.
size_t DisplayWidth(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

}  // namespace

std::string ExactNumber(double value) {
  if (std::isnan(value)) return "";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return std::string(buffer, end);
}

std::string Cell::Exact() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  if (const auto* whole = std::get_if<int64_t>(&value_)) {
    return absl::StrCat(*whole);
  }
  return ExactNumber(std::get<double>(value_));
}

std::string Cell::Short() const {
  const auto* real = std::get_if<double>(&value_);
  if (real == nullptr) return Exact();
  if (std::isnan(*real)) return "-";
  return absl::StrFormat("%.6g", *real);
}

Table::Table(std::string name, std::vector<std::string> columns,
             std::string title)
    : name_(std::move(name)),
      columns_(std::move(columns)),
      title_(std::move(title)) {
  MUSTER_CHECK(IsFileName(name_)) << "table name '" << name_ << "'";
  MUSTER_CHECK(!columns_.empty()) << "table " << name_ << " has no column";
}

void Table::AddRow(std::vector<Cell> cells) {
  MUSTER_CHECK_EQ(cells.size(), columns_.size()) << "table " << name_;
  rows_.push_back(std::move(cells));
}

bool IsFileName(absl::string_view name) {
  return !name.empty() && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '_' || c == '-' || c == '.';
         });
}

std::string TableToCsv(const Table& table) {
  std::string csv;
  AppendCsvRow(table.columns(), &csv);
  std::vector<std::string> fields;
  for (const auto& row : table.rows()) {
    fields.clear();
    for (const Cell& cell : row) fields.push_back(cell.Exact());
    AppendCsvRow(fields, &csv);
  }
  return csv;
}

std::string TableToText(const Table& table) {
  std::vector<std::vector<std::string>> rows = {table.columns()};
  std::vector<bool> right(table.columns().size(), false);
  for (const auto& row : table.rows()) {
    rows.emplace_back();
    for (size_t c = 0; c < row.size(); ++c) {
      rows.back().push_back(row[c].Short());
      if (row[c].is_number()) right[c] = true;
    }
  }
  return AlignRows(rows, right);
}

std::string AlignRows(const std::vector<std::vector<std::string>>& rows,
                      const std::vector<bool>& right) {
  std::vector<size_t> widths(right.size(), 0);
  for (const auto& row : rows) {
    MUSTER_CHECK_EQ(row.size(), right.size());
    for (size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], DisplayWidth(row[c]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - DisplayWidth(row[c]), ' ');
      if (c > 0) line.append("  ");
      line.append(right[c] ? padding + row[c] : row[c] + padding);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

}  // namespace muster::benchmarks
