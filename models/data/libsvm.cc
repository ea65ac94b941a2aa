#include "muster/models/data/libsvm.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/models/data/lines.h"
#include "muster/models/data/number_field.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr int64_t kMaxFeatures = std::numeric_limits<int32_t>::max();

absl::Status ParseIndex(absl::string_view text, absl::string_view token,
                        int64_t num_features, int64_t previous,
                        int64_t* index) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") ==
                                           absl::string_view::npos;
  if (!digits) {
    return absl::InvalidArgumentError(
        absl::StrCat("index of ", QuotedField(token),
                     " is not a whole number, expected <index>:<value> with an "
                     "index from 1"));
  }
  const int64_t bound = num_features > 0 ? num_features : kMaxFeatures;
  if (!absl::SimpleAtoi(text, index) || *index > bound) {
    return absl::InvalidArgumentError(
        absl::StrCat("index ", QuotedField(text),
                     " is above the number of features, ", bound));
  }
  if (*index == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("index of ", QuotedField(token),
                     " is 0, indices count from 1; if the file counts from 0, "
                     "add 1 to each index"));
  }
  if (*index <= previous) {
    return absl::InvalidArgumentError(absl::StrCat(
        "index ", *index, " follows ", previous,
        ", indices must increase within a line; sort the line and merge "
        "repeats"));
  }
  return absl::OkStatus();
}

absl::Status ParseEntry(absl::string_view token, int64_t num_features,
                        int64_t* previous, std::vector<int32_t>* columns,
                        std::vector<float>* values) {
  const size_t colon = token.find(':');
  if (colon == absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "token ", QuotedField(token), " has no ':', expected <index>:<value>"));
  }
  const absl::string_view index_text = token.substr(0, colon);
  if (index_text == "qid") {
    return absl::InvalidArgumentError(absl::StrCat(
        "token ", QuotedField(token),
        " is a ranking group, which is not read here; remove the qid tokens"));
  }
  int64_t index = 0;
  MUSTER_RETURN_IF_ERROR(
      ParseIndex(index_text, token, num_features, *previous, &index));
  *previous = index;
  const absl::string_view value_text = token.substr(colon + 1);
  float value = 0;
  const NumberError error = ReadNumber(value_text, &value);
  if (error != NumberError::kNone) {
    return absl::InvalidArgumentError(
        absl::StrCat("value ", QuotedField(value_text), " of index ", index,
                     " ", DescribeNumberError(error)));
  }
  columns->push_back(static_cast<int32_t>(index - 1));
  values->push_back(value);
  return absl::OkStatus();
}

// Takes the lines of one file and grows the data set.
class Builder {
 public:
  Builder(absl::string_view name, const LibsvmOptions& options)
      : name_(name), options_(options) {}

  bool full() const { return data_.num_rows() >= options_.max_rows; }

  absl::Status AddLine(absl::string_view line, int64_t line_number) {
    double label = 0;
    const absl::StatusOr<bool> row = ParseLibsvmLine(
        line, options_.num_features, &label, &data_.columns, &data_.values);
    if (!row.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name_, ", line ", line_number, ": ", row.status().message()));
    }
    if (!*row) return absl::OkStatus();
    if (data_.num_entries() > data_.row_begin.back()) {
      max_index_ = std::max<int64_t>(max_index_, data_.columns.back() + 1);
    }
    data_.labels.push_back(label);
    data_.row_begin.push_back(data_.num_entries());
    return absl::OkStatus();
  }

  absl::StatusOr<SparseDataset> Finish() && {
    if (data_.num_rows() == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          name_, ": no rows, expected lines '<label> <index>:<value> ...'"));
    }
    data_.num_features =
        options_.num_features > 0 ? options_.num_features : max_index_;
    return std::move(data_);
  }

 private:
  std::string name_;
  LibsvmOptions options_;
  SparseDataset data_;
  int64_t max_index_ = 0;
};

// Shortest text from which the float, resp. double, is read back.
void AppendNumber(double number, int digits, std::string* out) {
  absl::StrAppendFormat(out, "%.*g", digits, number);
}

}  // namespace

absl::Status Validate(const LibsvmOptions& options) {
  if (options.num_features < 0 || options.num_features > kMaxFeatures) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "LibsvmOptions.num_features is %d, must be in [0, %d] (0: the largest "
        "index of the file)",
        options.num_features, kMaxFeatures));
  }
  if (options.max_rows < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "LibsvmOptions.max_rows is %d, must be >= 1", options.max_rows));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ParseLibsvmLine(absl::string_view line,
                                     int64_t num_features, double* label,
                                     std::vector<int32_t>* columns,
                                     std::vector<float>* values) {
  line = line.substr(0, line.find('#'));
  absl::string_view token;
  if (!NextToken(&line, &token)) return false;
  if (const NumberError error = ReadNumber(token, label);
      error != NumberError::kNone) {
    return absl::InvalidArgumentError(absl::StrCat(
        "label ", QuotedField(token), " ", DescribeNumberError(error),
        "; a line reads '<label> <index>:<value> ...'"));
  }
  const size_t begin = columns->size();
  int64_t previous = 0;
  while (NextToken(&line, &token)) {
    const absl::Status status =
        ParseEntry(token, num_features, &previous, columns, values);
    if (status.ok()) continue;
    columns->resize(begin);
    values->resize(begin);
    return status;
  }
  return true;
}

absl::StatusOr<SparseDataset> ReadLibsvm(absl::string_view path,
                                         const LibsvmOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  Builder builder(path, options);
  MUSTER_RETURN_IF_ERROR(AddLinesOfFile(path, &builder));
  return std::move(builder).Finish();
}

absl::StatusOr<SparseDataset> ParseLibsvm(absl::string_view text,
                                          absl::string_view name,
                                          const LibsvmOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  Builder builder(name, options);
  MUSTER_RETURN_IF_ERROR(AddLinesOfText(text, &builder));
  return std::move(builder).Finish();
}

std::string FormatLibsvm(const SparseDataset& data) {
  std::string text;
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    AppendNumber(data.labels[row], 17, &text);
    for (int64_t e = data.row_begin[row]; e < data.row_begin[row + 1]; ++e) {
      absl::StrAppend(&text, " ", data.columns[e] + 1, ":");
      AppendNumber(data.values[e], 9, &text);
    }
    text += '\n';
  }
  return text;
}

}  // namespace muster::models
