#include "muster/models/data/csv.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "muster/models/data/lines.h"
#include "muster/models/data/number_field.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

// Blanks that are not the delimiter.
absl::string_view Trim(absl::string_view text, char delimiter) {
  const auto blank = [delimiter](char c) {
    return c != delimiter && (c == ' ' || c == '\t' || c == '\r');
  };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsMissing(absl::string_view field) {
  constexpr absl::string_view kMissing[] = {"",    "na",   "n/a",
                                            "nan", "null", "?"};
  return std::any_of(std::begin(kMissing), std::end(kMissing),
                     [field](absl::string_view missing) {
                       return absl::EqualsIgnoreCase(field, missing);
                     });
}

// Cuts a line into fields. A field without quotes inside is a piece of the
// line, others are put together in `buffer`.
class Fields {
 public:
  Fields(absl::string_view line, char delimiter)
      : rest_(line), delimiter_(delimiter) {}

  // False after the last field.
  absl::StatusOr<bool> Next(absl::string_view* field) {
    if (done_) return false;
    const absl::string_view ahead = Trim(rest_, delimiter_);
    if (!ahead.empty() && ahead.front() == '"') return NextQuoted(field);
    const size_t end = std::min(rest_.find(delimiter_), rest_.size());
    *field = Trim(rest_.substr(0, end), delimiter_);
    Skip(end);
    ++column_;
    return true;
  }

 private:
  // Past the field that ends there, and its delimiter.
  void Skip(size_t end) {
    done_ = end == rest_.size();
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
  }

  absl::StatusOr<bool> NextQuoted(absl::string_view* field) {
    buffer_.clear();
    size_t at = rest_.find('"') + 1;
    while (true) {
      const size_t quote = rest_.find('"', at);
      if (quote == absl::string_view::npos) {
        return absl::InvalidArgumentError(absl::StrCat(
            "column ", column_,
            ": a quote is not closed on this line (line breaks within quotes "
            "are not read)"));
      }
      absl::StrAppend(&buffer_, rest_.substr(at, quote - at));
      at = quote + 1;
      if (at == rest_.size() || rest_[at] != '"') break;
      buffer_ += '"';
      ++at;
    }
    const size_t end = std::min(rest_.find(delimiter_, at), rest_.size());
    const absl::string_view after =
        Trim(rest_.substr(at, end - at), delimiter_);
    if (!after.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("column ", column_, ": ", QuotedField(after),
                       " follows the closing quote; double a quote that is "
                       "part of the field"));
    }
    *field = buffer_;
    Skip(end);
    ++column_;
    return true;
  }

  absl::string_view rest_;
  char delimiter_;
  int64_t column_ = 0;
  bool done_ = false;
  std::string buffer_;
};

absl::StatusOr<std::vector<std::string>> AllFields(absl::string_view line,
                                                   char delimiter) {
  std::vector<std::string> all;
  Fields fields(line, delimiter);
  while (true) {
    absl::string_view field;
    MUSTER_ASSIGN_OR_RETURN(const bool more, fields.Next(&field));
    if (!more) return all;
    all.emplace_back(field);
  }
}

// Not a number and not in the place of one.
bool IsName(absl::string_view field) {
  double number = 0;
  return ReadNumber(field, &number) == NumberError::kNotANumber &&
         (field.empty() || !IsMissing(field));
}

// The column that `text` means; `what` names the option.
absl::StatusOr<int64_t> FindColumn(const std::vector<std::string>& names,
                                   bool has_header, absl::string_view text,
                                   absl::string_view what) {
  const auto count = static_cast<int64_t>(names.size());
  if (has_header) {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found != names.end()) {
      if (std::find(found + 1, names.end(), text) != names.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(what, " ", QuotedField(text),
                         " is the name of several columns; give its number"));
      }
      return found - names.begin();
    }
  }
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " ", QuotedField(text),
        has_header ? " is not a column of the header"
                   : " is not a number, and there is no header with names"));
  }
  if (number < -count || number >= count) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " ", number, " is outside the ", count,
                     " columns, which count from 0 (or -1 for the last)"));
  }
  return number < 0 ? number + count : number;
}

// Takes the lines of one file and grows the data set.
class Builder {
 public:
  Builder(absl::string_view name, const CsvOptions& options)
      : name_(name), options_(options) {}

  bool full() const { return data_.num_rows() >= options_.max_rows; }

  absl::Status AddLine(absl::string_view line, int64_t line_number) {
    const absl::Status status = Add(line);
    if (status.ok()) return status;
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ", line ", line_number, ": ", status.message()));
  }

  absl::StatusOr<DenseDataset> Finish() && {
    if (data_.num_rows() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name_, ": no rows, expected lines of numbers"));
    }
    return std::move(data_);
  }

 private:
  absl::Status Add(absl::string_view line) {
    if (!parser_.has_value()) {
      if (Trim(line, options_.delimiter).empty()) return absl::OkStatus();
      MUSTER_ASSIGN_OR_RETURN(parser_, CsvParser::Create(line, options_));
      data_.num_features = parser_->num_features();
      if (parser_->has_header()) return absl::OkStatus();
    }
    const size_t size = data_.values.size();
    data_.values.resize(size + data_.num_features);
    double label = 0;
    const absl::StatusOr<bool> row =
        parser_->ParseLine(line, &label, std::span(data_.values).subspan(size));
    if (row.ok() && *row) {
      data_.labels.push_back(label);
    } else {
      data_.values.resize(size);
    }
    return row.status();
  }

  std::string name_;
  CsvOptions options_;
  std::optional<CsvParser> parser_;
  DenseDataset data_;
};

}  // namespace

absl::Status Validate(const CsvOptions& options) {
  const char c = options.delimiter;
  if (absl::ascii_isalnum(c) ||
      absl::string_view("\" \r\n+-.\0", 8).find(c) != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "CsvOptions.delimiter is ", QuotedField(absl::string_view(&c, 1)),
        ", must not be a quote, a blank, a line end, or part of a number"));
  }
  if (options.max_rows < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "CsvOptions.max_rows is ", options.max_rows, ", must be >= 1"));
  }
  return absl::OkStatus();
}

absl::StatusOr<CsvParser> CsvParser::Create(absl::string_view first_line,
                                            const CsvOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  CsvParser parser;
  parser.options_ = options;
  first_line = absl::StripPrefix(first_line, kByteOrderMark);
  MUSTER_ASSIGN_OR_RETURN(parser.columns_,
                          AllFields(first_line, options.delimiter));
  std::vector<std::string>& names = parser.columns_;
  parser.has_header_ =
      options.header == CsvHeader::kPresent ||
      (options.header == CsvHeader::kAuto &&
       std::all_of(names.begin(), names.end(),
                   [](const std::string& field) { return IsName(field); }));
  parser.is_feature_.assign(names.size(), 1);
  if (!options.label_column.empty()) {
    MUSTER_ASSIGN_OR_RETURN(parser.label_,
                            FindColumn(names, parser.has_header_,
                                       options.label_column, "label column"));
    parser.is_feature_[parser.label_] = 0;
  }
  for (const std::string& name : options.ignored_columns) {
    MUSTER_ASSIGN_OR_RETURN(
        const int64_t column,
        FindColumn(names, parser.has_header_, name, "ignored column"));
    if (column == parser.label_) {
      return absl::InvalidArgumentError(absl::StrCat(
          "ignored column ", QuotedField(name), " is the label column"));
    }
    parser.is_feature_[column] = 0;
  }
  if (!parser.has_header_) std::fill(names.begin(), names.end(), "");
  for (size_t column = 0; column < names.size(); ++column) {
    if (parser.is_feature_[column] == 0) continue;
    ++parser.num_features_;
    parser.names_.push_back(names[column].empty()
                                ? absl::StrCat("column ", column)
                                : names[column]);
  }
  if (parser.num_features_ == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "no column is left for features: of %d, %s", names.size(),
        parser.has_labels() ? "one is the label and the others are ignored"
                            : "all are ignored"));
  }
  return parser;
}

absl::Status CsvParser::Error(int64_t column, absl::string_view what) const {
  const std::string& name = columns_[column];
  return absl::InvalidArgumentError(absl::StrCat(
      "column ", column,
      name.empty() ? "" : absl::StrCat(" (", QuotedField(name), ")"), ": ",
      what));
}

absl::Status CsvParser::ParseFeature(absl::string_view field, int64_t column,
                                     float* value) const {
  const NumberError error = ReadNumber(field, value);
  if (error == NumberError::kNone) return absl::OkStatus();
  if (!IsMissing(field)) {
    return Error(column, absl::StrCat(QuotedField(field), " ",
                                      DescribeNumberError(error)));
  }
  if (options_.missing == CsvMissing::kZero) {
    *value = 0;
    return absl::OkStatus();
  }
  return Error(column,
               absl::StrCat("the value ", QuotedField(field),
                            " is missing; give it, remove the row, or have "
                            "missing values read as 0"));
}

absl::Status CsvParser::ParseLabel(absl::string_view field,
                                   double* label) const {
  const NumberError error = ReadNumber(field, label);
  if (error == NumberError::kNone) return absl::OkStatus();
  if (IsMissing(field)) {
    return Error(label_, absl::StrCat("the label ", QuotedField(field),
                                      " is missing; remove the row"));
  }
  return Error(
      label_,
      absl::StrCat(
          "label ", QuotedField(field), " ", DescribeNumberError(error),
          error == NumberError::kNotANumber ? "; number the classes" : ""));
}

absl::StatusOr<bool> CsvParser::ParseLine(absl::string_view line, double* label,
                                          std::span<float> values) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(values.size()), num_features_);
  if (Trim(line, options_.delimiter).empty()) return false;
  *label = 0;
  Fields fields(line, options_.delimiter);
  const auto num_columns = static_cast<int64_t>(columns_.size());
  int64_t column = 0;
  size_t next = 0;
  while (true) {
    absl::string_view field;
    MUSTER_ASSIGN_OR_RETURN(const bool more, fields.Next(&field));
    if (!more) break;
    if (column < num_columns) {
      if (column == label_) {
        MUSTER_RETURN_IF_ERROR(ParseLabel(field, label));
      } else if (is_feature_[column] != 0) {
        MUSTER_RETURN_IF_ERROR(ParseFeature(field, column, &values[next++]));
      }
    }
    ++column;
  }
  if (column != num_columns) {
    return absl::InvalidArgumentError(
        absl::StrCat("the line has ", column,
                     " fields, the first one of the file has ", num_columns));
  }
  return true;
}

absl::StatusOr<DenseDataset> ReadCsv(absl::string_view path,
                                     const CsvOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  Builder builder(path, options);
  MUSTER_RETURN_IF_ERROR(AddLinesOfFile(path, &builder));
  return std::move(builder).Finish();
}

absl::StatusOr<DenseDataset> ParseCsv(absl::string_view text,
                                      absl::string_view name,
                                      const CsvOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  Builder builder(name, options);
  MUSTER_RETURN_IF_ERROR(AddLinesOfText(text, &builder));
  return std::move(builder).Finish();
}

std::string FormatCsv(const DenseDataset& data) {
  std::string text = "label";
  for (int64_t j = 0; j < data.num_features; ++j) {
    absl::StrAppend(&text, ",x", j);
  }
  text += '\n';
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    absl::StrAppendFormat(&text, "%.17g", data.labels[row]);
    for (float value : data.Row(row)) {
      absl::StrAppendFormat(&text, ",%.9g", value);
    }
    text += '\n';
  }
  return text;
}

}  // namespace muster::models
