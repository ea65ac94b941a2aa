// The CSV readers of trace_file.h.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/text_file.h"
#include "muster/runtime/trace_file.h"

namespace muster::runtime {
namespace {

// Rows of a CSV file with a header; fields without quotes, as both publishers
// write them.
class CsvReader {
 public:
  // Opens `path` and finds `columns` in its header.
  static absl::StatusOr<CsvReader> Open(absl::string_view path,
                                        std::vector<std::string> columns) {
    MUSTER_ASSIGN_OR_RETURN(LineReader lines, LineReader::Open(path));
    CsvReader reader(std::move(lines), std::move(columns));
    MUSTER_ASSIGN_OR_RETURN(const bool has_header,
                            reader.lines_.Next(&reader.line_));
    if (!has_header) {
      return absl::InvalidArgumentError(absl::StrCat(
          path,
          ", line 1: the file is empty; expected a header with the "
          "columns ",
          absl::StrJoin(reader.columns_, ", ")));
    }
    const std::vector<std::string> header = absl::StrSplit(reader.line_, ',');
    for (const std::string& column : reader.columns_) {
      const auto found = std::find(header.begin(), header.end(), column);
      if (found == header.end()) {
        return reader.lines_.Error(absl::StrCat(
            "no column '", column, "' in the header '", reader.line_, "'"));
      }
      reader.positions_.push_back(found - header.begin());
    }
    reader.num_columns_ = header.size();
    return reader;
  }

  // The next row, or false at the end.
  absl::StatusOr<bool> Next() {
    MUSTER_ASSIGN_OR_RETURN(const bool more, lines_.Next(&line_));
    if (!more) return false;
    fields_ = absl::StrSplit(line_, ',');
    if (fields_.size() != num_columns_) {
      return lines_.Error(absl::StrCat("expected ", num_columns_,
                                       " fields as in the header, found ",
                                       fields_.size(), " in '", line_, "'"));
    }
    return true;
  }

  // The field of column number `column` of Open.
  absl::string_view Text(size_t column) const {
    return fields_[positions_[column]];
  }

  absl::StatusOr<int64_t> WholeNumber(size_t column) const {
    int64_t value = 0;
    if (!absl::SimpleAtoi(Text(column), &value) || value < 0) {
      return Wrong(column, "a whole number from 0");
    }
    return value;
  }

  absl::StatusOr<double> Positive(size_t column, double most) const {
    double value = 0;
    if (!ParseNumber(Text(column), &value) || !(value > 0) || value > most) {
      return Wrong(column, absl::StrCat("a number above 0 and at most ",
                                        NumberText(most)));
    }
    return value;
  }

  absl::Status Wrong(size_t column, absl::string_view expected) const {
    return lines_.Error(absl::StrCat("column ", columns_[column], " is '",
                                     Text(column), "'; expected ", expected));
  }

  absl::Status NoRows() const {
    return lines_.Error("no rows after the header; the file is cut short");
  }

 private:
  CsvReader(LineReader lines, std::vector<std::string> columns)
      : lines_(std::move(lines)), columns_(std::move(columns)) {}

  LineReader lines_;
  std::vector<std::string> columns_;
  std::vector<size_t> positions_;  // of columns_ in the file
  size_t num_columns_ = 0;         // of the file
  std::string line_;
  std::vector<std::string> fields_;
};

// Values by worker, each ordered by its key (stable: ties in file order).
template <typename Key>
std::vector<RecordedWorker> SortedWorkers(
    std::map<int64_t, std::vector<std::pair<Key, double>>> rows) {
  std::vector<RecordedWorker> workers;
  for (auto& [id, keyed] : rows) {
    std::stable_sort(
        keyed.begin(), keyed.end(),
        [](const auto& x, const auto& y) { return x.first < y.first; });
    RecordedWorker worker;
    worker.id = id;
    for (const auto& [key, value] : keyed) worker.values.push_back(value);
    workers.push_back(std::move(worker));
  }
  return workers;
}

}  // namespace

absl::StatusOr<MiniBatchTrace> ReadMiniBatchTrace(absl::string_view path) {
  enum { kWorker, kIteration, kTime };
  constexpr double kMaxNormalizedTime = 1000;
  MUSTER_ASSIGN_OR_RETURN(
      CsvReader csv,
      CsvReader::Open(path, {"worker", "time", "batch_time_norm"}));
  MiniBatchTrace trace;
  std::set<int64_t> iterations;
  std::map<int64_t, std::vector<std::pair<int64_t, double>>> rows;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, csv.Next());
    if (!more) break;
    MUSTER_ASSIGN_OR_RETURN(const int64_t worker, csv.WholeNumber(kWorker));
    MUSTER_ASSIGN_OR_RETURN(const int64_t iteration,
                            csv.WholeNumber(kIteration));
    MUSTER_ASSIGN_OR_RETURN(const double time,
                            csv.Positive(kTime, kMaxNormalizedTime));
    rows[worker].emplace_back(iteration, time);
    iterations.insert(iteration);
    ++trace.num_rows;
  }
  if (rows.empty()) return csv.NoRows();
  trace.num_iterations = static_cast<int64_t>(iterations.size());
  trace.workers = SortedWorkers(std::move(rows));
  return trace;
}

absl::StatusOr<VmNoiseTrace> ReadVmNoiseTrace(absl::string_view path) {
  enum { kValue, kStart, kMachine };
  constexpr double kMaxScore = 1e15;
  MUSTER_ASSIGN_OR_RETURN(
      CsvReader csv, CsvReader::Open(path, {"value", "starttime", "VM_id"}));
  VmNoiseTrace trace;
  std::vector<double> all;
  // Start times read "2023-06-23 15:46:48.880": their order is that of the
  // text.
  std::map<int64_t, std::vector<std::pair<std::string, double>>> rows;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, csv.Next());
    if (!more) break;
    MUSTER_ASSIGN_OR_RETURN(const double value,
                            csv.Positive(kValue, kMaxScore));
    MUSTER_ASSIGN_OR_RETURN(const int64_t machine, csv.WholeNumber(kMachine));
    if (csv.Text(kStart).size() < std::string("2023-06-23").size()) {
      return csv.Wrong(kStart, "a time such as 2023-06-23 15:46:48.880");
    }
    rows[machine].emplace_back(csv.Text(kStart), value);
    all.push_back(value);
  }
  if (rows.empty()) return csv.NoRows();
  trace.num_rows = static_cast<int64_t>(all.size());
  const auto middle = all.begin() + all.size() / 2;
  std::nth_element(all.begin(), middle, all.end());
  trace.median_value = *middle;
  trace.machines = SortedWorkers(std::move(rows));
  return trace;
}

}  // namespace muster::runtime
