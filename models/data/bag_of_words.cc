#include "muster/models/data/bag_of_words.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/models/data/lines.h"
#include "muster/models/data/number_field.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr int64_t kMaxNumber = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxEmptyDocuments = 10'000'000;
// Counts up to here are floats exactly.
constexpr int64_t kMaxCount = int64_t{1} << 24;
constexpr int64_t kHeaderLines = 3;

// Takes the lines of one file and grows the data set.
class Builder {
 public:
  explicit Builder(absl::string_view name) : name_(name) {}

  // A line too many is an error of its own.
  bool full() const { return false; }

  absl::Status AddLine(absl::string_view line, int64_t line_number) {
    line_number_ = line_number;
    line = absl::StripTrailingAsciiWhitespace(line);
    if (line_number <= kHeaderLines) return AddHeaderLine(line);
    if (line.empty()) return absl::OkStatus();
    return AddEntry(line);
  }

  absl::StatusOr<SparseDataset> Finish() && {
    if (line_number_ < kHeaderLines) {
      return absl::DataLossError(absl::StrFormat(
          "%s: %d lines, expected the numbers of documents, words and entries "
          "on the first three; fetch the file again",
          name_, line_number_));
    }
    if (data_.num_entries() != header_[2]) {
      return absl::DataLossError(absl::StrFormat(
          "%s: %d entries, line 3 announces %d; fetch the file again", name_,
          data_.num_entries(), header_[2]));
    }
    const auto begun = static_cast<int64_t>(data_.row_begin.size()) - 1;
    const int64_t num_empty = num_empty_ + header_[0] - begun;
    if (num_empty > kMaxEmptyDocuments) {
      return absl::DataLossError(absl::StrFormat(
          "%s: line 1 announces %d documents, of which %d have no words, "
          "expected at most %d such; fetch the file again",
          name_, header_[0], num_empty, kMaxEmptyDocuments));
    }
    data_.row_begin.resize(static_cast<size_t>(header_[0]) + 1,
                           data_.num_entries());
    data_.labels.assign(static_cast<size_t>(header_[0]), 0);
    data_.num_features = header_[1];
    return std::move(data_);
  }

 private:
  absl::Status AddHeaderLine(absl::string_view line) {
    static constexpr std::array<const char*, kHeaderLines> kMeanings = {
        "documents", "words", "entries"};
    const int64_t index = line_number_ - 1;
    const int64_t bound =
        index < 2 ? kMaxNumber : std::numeric_limits<int64_t>::max();
    absl::string_view token;
    absl::string_view more;
    NextToken(&line, &token);
    if (!ReadCount(token, bound, &header_[index]) || NextToken(&line, &more)) {
      return Error(absl::StrFormat(
          "expected the number of %s alone, a whole number in [0, %d], got %s",
          kMeanings[index], bound, QuotedField(token)));
    }
    return absl::OkStatus();
  }

  absl::Status AddEntry(absl::string_view line) {
    static constexpr std::array<const char*, 3> kMeanings = {"document", "word",
                                                             "count"};
    const std::array<int64_t, 3> bounds = {header_[0], header_[1], kMaxCount};
    std::array<int64_t, 3> numbers;
    absl::string_view token;
    for (int i = 0; i < 3; ++i) {
      if (!NextToken(&line, &token)) token = "";
      if (!ReadCount(token, bounds[i], &numbers[i]) || numbers[i] == 0) {
        return Error(absl::StrFormat(
            "%s %s is not a whole number in [1, %d]; expected <document> "
            "<word> <count>",
            kMeanings[i], QuotedField(token), bounds[i]));
      }
    }
    if (NextToken(&line, &token)) {
      return Error(absl::StrCat(QuotedField(token), " follows the count"));
    }
    return Append(numbers[0] - 1, numbers[1] - 1, numbers[2]);
  }

  // The entry (document, word), both from 0.
  absl::Status Append(int64_t document, int64_t word, int64_t count) {
    auto open = static_cast<int64_t>(data_.row_begin.size()) - 2;
    const bool in_order =
        document > open ||
        (document == open && (data_.row_begin[open] == data_.num_entries() ||
                              word > data_.columns.back()));
    if (!in_order) {
      return Error(absl::StrFormat(
          "document %d, word %d is out of order or given twice; sort the "
          "entries by document, then word (sort -n -k1,1 -k2,2)",
          document + 1, word + 1));
    }
    if (document > open) num_empty_ += document - open - 1;
    if (num_empty_ > kMaxEmptyDocuments) {
      return Error(absl::StrFormat(
          "no words in %d documents before this one, expected at most %d such; "
          "fetch the file again",
          num_empty_, kMaxEmptyDocuments));
    }
    // row_begin's last element is the end of the row that is open.
    data_.row_begin.resize(static_cast<size_t>(document) + 2,
                           data_.num_entries());
    data_.columns.push_back(static_cast<int32_t>(word));
    data_.values.push_back(static_cast<float>(count));
    data_.row_begin.back() = data_.num_entries();
    return absl::OkStatus();
  }

  static bool ReadCount(absl::string_view token, int64_t bound,
                        int64_t* number) {
    return !token.empty() && absl::ascii_isdigit(token[0]) &&
           absl::SimpleAtoi(token, number) && *number <= bound;
  }

  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ", line ", line_number_, ": ", what));
  }

  std::string name_;
  SparseDataset data_;
  std::array<int64_t, kHeaderLines> header_ = {};  // D, W, entries
  int64_t num_empty_ = 0;  // documents without words before the last one begun
  int64_t line_number_ = 0;
};

// Takes the lines of a file of labels.
class LabelBuilder {
 public:
  LabelBuilder(absl::string_view name, int64_t num_rows)
      : name_(name), num_rows_(num_rows) {}

  bool full() const { return false; }

  absl::Status AddLine(absl::string_view line, int64_t line_number) {
    const auto error = [&](absl::string_view what) {
      return absl::InvalidArgumentError(
          absl::StrCat(name_, ", line ", line_number, ": ", what));
    };
    const absl::string_view token = absl::StripAsciiWhitespace(line);
    double label = 0;
    if (const NumberError found = ReadNumber(token, &label);
        found != NumberError::kNone) {
      return error(absl::StrCat("label ", QuotedField(token), " ",
                                DescribeNumberError(found)));
    }
    if (static_cast<int64_t>(labels_.size()) == num_rows_) {
      return error(
          absl::StrCat("a label too many, there are ", num_rows_,
                       " documents; the two files must belong together"));
    }
    labels_.push_back(label);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<double>> Finish() && {
    if (static_cast<int64_t>(labels_.size()) != num_rows_) {
      return absl::InvalidArgumentError(
          absl::StrCat(name_, ": ", labels_.size(), " labels for ", num_rows_,
                       " documents; the two files must belong together"));
    }
    return std::move(labels_);
  }

 private:
  std::string name_;
  int64_t num_rows_;
  std::vector<double> labels_;
};

}  // namespace

absl::StatusOr<SparseDataset> ReadBagOfWords(absl::string_view path) {
  Builder builder(path);
  MUSTER_RETURN_IF_ERROR(AddLinesOfFile(path, &builder));
  return std::move(builder).Finish();
}

absl::StatusOr<SparseDataset> ParseBagOfWords(absl::string_view text,
                                              absl::string_view name) {
  Builder builder(name);
  MUSTER_RETURN_IF_ERROR(AddLinesOfText(text, &builder));
  return std::move(builder).Finish();
}

absl::Status ReadLabels(absl::string_view path, SparseDataset* data) {
  LabelBuilder builder(path, data->num_rows());
  MUSTER_RETURN_IF_ERROR(AddLinesOfFile(path, &builder));
  MUSTER_ASSIGN_OR_RETURN(data->labels, std::move(builder).Finish());
  return absl::OkStatus();
}

std::string FormatBagOfWords(const SparseDataset& data) {
  std::string text = absl::StrCat(data.num_rows(), "\n", data.num_features,
                                  "\n", data.num_entries(), "\n");
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    for (int64_t e = data.row_begin[row]; e < data.row_begin[row + 1]; ++e) {
      const double count = data.values[e];
      MUSTER_CHECK(count >= 1 && count <= kMaxCount &&
                   count == std::floor(count));
      absl::StrAppend(&text, row + 1, " ", data.columns[e] + 1, " ",
                      static_cast<int64_t>(count), "\n");
    }
  }
  return text;
}

}  // namespace muster::models
