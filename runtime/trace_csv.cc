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
#include "absl/strings/ascii.h"
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

// Reads `size` digits at `at` as a number; false if they are none.
bool ReadDigits(absl::string_view text, size_t at, size_t size,
                int64_t* value) {
  *value = 0;
  for (const char c : text.substr(at, size)) {
    if (!absl::ascii_isdigit(c)) return false;
    *value = 10 * *value + (c - '0');
  }
  return true;
}

// A time such as "2023-06-23 15:46:48.880", with none to six decimals, as
// microseconds since the year 0 if every month had 31 days: that orders times.
// False if the text is no time.
bool ParseTime(absl::string_view text, int64_t* microseconds) {
  constexpr absl::string_view kPattern = "dddd-dd-dd dd:dd:dd";
  constexpr int64_t kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (text.size() < kPattern.size()) return false;
  for (size_t k = 0; k < kPattern.size(); ++k) {
    if (kPattern[k] != 'd' && kPattern[k] != text[k]) return false;
  }
  int64_t year, month, day, hour, minute, second;
  if (!ReadDigits(text, 0, 4, &year) || !ReadDigits(text, 5, 2, &month) ||
      !ReadDigits(text, 8, 2, &day) || !ReadDigits(text, 11, 2, &hour) ||
      !ReadDigits(text, 14, 2, &minute) || !ReadDigits(text, 17, 2, &second)) {
    return false;
  }
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (month < 1 || month > 12 || day < 1 || day > kDays[month - 1] ||
      (month == 2 && day == 29 && !leap) || hour > 23 || minute > 59 ||
      second > 59) {
    return false;
  }
  int64_t fraction = 0;
  const absl::string_view rest = text.substr(kPattern.size());
  if (!rest.empty()) {
    const size_t digits = rest.size() - 1;
    if (rest[0] != '.' || digits < 1 || digits > 6 ||
        !ReadDigits(rest, 1, digits, &fraction)) {
      return false;
    }
    for (size_t k = digits; k < 6; ++k) fraction *= 10;
  }
  const int64_t days = (year * 12 + month - 1) * 31 + day - 1;
  *microseconds =
      (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000 + fraction;
  return true;
}

// The middle of the values, of which there is at least one; of an even number
// the mean of the two middle ones.
double Median(std::vector<double> values) {
  const auto upper = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), upper, values.end());
  if (values.size() % 2 != 0) return *upper;
  const double lower = *std::max_element(values.begin(), upper);
  return lower + (*upper - lower) / 2;
}

// Values by worker, each ordered by its key (stable: ties in file order); sorts
// the rows.
std::vector<RecordedWorker> SortedWorkers(
    std::map<int64_t, std::vector<std::pair<int64_t, double>>>* rows) {
  std::vector<RecordedWorker> workers;
  for (auto& [id, keyed] : *rows) {
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
  trace.workers = SortedWorkers(&rows);
  return trace;
}

absl::StatusOr<VmNoiseTrace> ReadVmNoiseTrace(absl::string_view path) {
  enum { kValue, kStart, kMachine };
  constexpr double kMaxScore = 1e15;
  MUSTER_ASSIGN_OR_RETURN(
      CsvReader csv, CsvReader::Open(path, {"value", "starttime", "VM_id"}));
  VmNoiseTrace trace;
  std::vector<double> all;
  std::map<int64_t, std::vector<std::pair<int64_t, double>>> rows;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, csv.Next());
    if (!more) break;
    MUSTER_ASSIGN_OR_RETURN(const double value,
                            csv.Positive(kValue, kMaxScore));
    MUSTER_ASSIGN_OR_RETURN(const int64_t machine, csv.WholeNumber(kMachine));
    int64_t start = 0;
    if (!ParseTime(csv.Text(kStart), &start)) {
      return csv.Wrong(kStart, "a time such as 2023-06-23 15:46:48.880");
    }
    rows[machine].emplace_back(start, value);
    all.push_back(value);
  }
  if (rows.empty()) return csv.NoRows();
  trace.num_rows = static_cast<int64_t>(all.size());
  trace.median_value = Median(std::move(all));
  trace.machines = SortedWorkers(&rows);
  return trace;
}

}  // namespace muster::runtime
