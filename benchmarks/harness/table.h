#ifndef MUSTER_BENCHMARKS_HARNESS_TABLE_H_
#define MUSTER_BENCHMARKS_HARNESS_TABLE_H_

// A table of results: named columns, rows of text and numbers.
//
//   Table table("table_1", {"n", "policy", "runtime / GTA"});
//   table.AddRow({51, "ATA", 1.07});

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::benchmarks {

// One value: text, a whole number or a double (NaN prints as an empty field).
class Cell {
 public:
  template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  Cell(T value) {  // NOLINT: a row is written as plain values
    if constexpr (std::is_floating_point_v<T>) {
      value_ = static_cast<double>(value);
    } else {
      value_ = static_cast<int64_t>(value);
    }
  }
  Cell(std::string value) : value_(std::move(value)) {}          // NOLINT
  Cell(const char* value) : value_(std::string(value)) {}        // NOLINT
  Cell(absl::string_view value) : value_(std::string(value)) {}  // NOLINT

  // Reads back to the same bits.
  std::string Exact() const;
  // At most six significant digits.
  std::string Short() const;
  bool is_number() const { return value_.index() != 0; }
  const std::variant<std::string, int64_t, double>& value() const {
    return value_;
  }

 private:
  std::variant<std::string, int64_t, double> value_;
};

class Table {
 public:
  // `name` becomes a file name: letters, digits, '_', '-' and '.' (CHECKed).
  // Column names carry the unit: "runtime [s]".
  Table(std::string name, std::vector<std::string> columns,
        std::string title = "");

  // CHECKs one cell per column.
  void AddRow(std::vector<Cell> cells);

  const std::string& name() const { return name_; }
  const std::string& title() const { return title_; }
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<std::vector<Cell>>& rows() const { return rows_; }

 private:
  std::string name_;
  std::vector<std::string> columns_;
  std::string title_;
  std::vector<std::vector<Cell>> rows_;
};

// A header line and a line per row.
std::string TableToCsv(const Table& table);

// Aligned columns for people, numbers to the right.
std::string TableToText(const Table& table);

// Aligns any rows of text; columns marked in `right` are set to the right.
std::string AlignRows(const std::vector<std::vector<std::string>>& rows,
                      const std::vector<bool>& right);

// Letters, digits, '_', '-' and '.', not starting with '.', not empty.
bool IsFileName(absl::string_view name);

// Shortest text that reads back to the same double; empty for NaN.
std::string ExactNumber(double value);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_TABLE_H_
