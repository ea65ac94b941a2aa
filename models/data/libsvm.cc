#include "muster/models/data/libsvm.h"

#include <cmath>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/charconv.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/text_file.h"

namespace muster::models {
namespace {

constexpr int64_t kMaxFeatures = std::numeric_limits<int32_t>::max();
// Longest piece of a wrong token that an error repeats.
constexpr size_t kMaxQuoted = 40;

// A token as an error shows it: quoted, cut, unprintable bytes escaped.
std::string Quoted(absl::string_view token) {
  std::string text;
  for (char c : token.substr(0, kMaxQuoted)) {
    if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += absl::StrFormat("\\x%02x", static_cast<unsigned char>(c));
    }
  }
  return absl::StrCat("'", text, token.size() > kMaxQuoted ? "...'" : "'");
}

// What stands in the way of reading a token as a number.
enum class NumberError { kNone, kNotANumber, kNotFinite, kOverflow };

NumberError ParseNumber(absl::string_view token, double* number) {
  if (token.size() > 1 && token[0] == '+' && token[1] != '-' &&
      token[1] != '+') {
    token.remove_prefix(1);
  }
  // Hexadecimal numbers, which from_chars would take, are not of the format.
  if (token.find_first_of("xX") != absl::string_view::npos) {
    return NumberError::kNotANumber;
  }
  const char* end = token.data() + token.size();
  const absl::from_chars_result result =
      absl::from_chars(token.data(), end, *number);
  if (result.ec == std::errc::invalid_argument || result.ptr != end) {
    return NumberError::kNotANumber;
  }
  if (!std::isfinite(*number)) return NumberError::kNotFinite;
  if (result.ec == std::errc::result_out_of_range) {
    if (std::abs(*number) > 1) return NumberError::kOverflow;
    *number = 0;  // underflow
  }
  return NumberError::kNone;
}

absl::string_view Describe(NumberError error) {
  switch (error) {
    case NumberError::kNotFinite:
      return "is not finite; remove the row or give the number";
    case NumberError::kOverflow:
      return "is beyond the range of numbers; rescale the column";
    default:
      return "is not a number";
  }
}

// Takes the lines of one file and grows the data set.
class Builder {
 public:
  Builder(absl::string_view name, const LibsvmOptions& options)
      : name_(name), options_(options) {}

  bool full() const { return data_.num_rows() >= options_.max_rows; }

  absl::Status AddLine(absl::string_view line, int64_t line_number) {
    line_number_ = line_number;
    line = line.substr(0, line.find('#'));
    absl::string_view label;
    if (!NextToken(&line, &label)) return absl::OkStatus();
    double number;
    if (const NumberError error = ParseNumber(label, &number);
        error != NumberError::kNone) {
      return Error(
          absl::StrCat("label ", Quoted(label), " ", Describe(error),
                       "; a line reads '<label> <index>:<value> ...'"));
    }
    int64_t previous = 0;
    for (absl::string_view token; NextToken(&line, &token);) {
      MUSTER_RETURN_IF_ERROR(AddEntry(token, &previous));
    }
    data_.labels.push_back(number);
    data_.row_begin.push_back(data_.num_entries());
    if (previous > max_index_) max_index_ = previous;
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
  // Cuts the next token off `line`; false when only blanks are left.
  static bool NextToken(absl::string_view* line, absl::string_view* token) {
    constexpr absl::string_view kBlanks = " \t\r\f\v";
    const size_t begin = line->find_first_not_of(kBlanks);
    if (begin == absl::string_view::npos) return false;
    const size_t end =
        std::min(line->find_first_of(kBlanks, begin), line->size());
    *token = line->substr(begin, end - begin);
    line->remove_prefix(end);
    return true;
  }

  absl::Status AddEntry(absl::string_view token, int64_t* previous) {
    const size_t colon = token.find(':');
    if (colon == absl::string_view::npos) {
      return Error(absl::StrCat("token ", Quoted(token),
                                " has no ':', expected <index>:<value>"));
    }
    const absl::string_view index_text = token.substr(0, colon);
    if (index_text == "qid") {
      return Error(absl::StrCat("token ", Quoted(token),
                                " is a ranking group, which is not read here; "
                                "remove the qid tokens"));
    }
    int64_t index = 0;
    MUSTER_RETURN_IF_ERROR(ParseIndex(index_text, token, *previous, &index));
    *previous = index;
    const absl::string_view value_text = token.substr(colon + 1);
    double value;
    NumberError error = ParseNumber(value_text, &value);
    if (error == NumberError::kNone &&
        std::abs(value) > std::numeric_limits<float>::max()) {
      error = NumberError::kOverflow;
    }
    if (error != NumberError::kNone) {
      return Error(absl::StrCat("value ", Quoted(value_text), " of index ",
                                index, " ", Describe(error)));
    }
    data_.columns.push_back(static_cast<int32_t>(index - 1));
    data_.values.push_back(static_cast<float>(value));
    return absl::OkStatus();
  }

  absl::Status ParseIndex(absl::string_view text, absl::string_view token,
                          int64_t previous, int64_t* index) const {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") ==
                                             absl::string_view::npos;
    if (!digits) {
      return Error(absl::StrCat("index of ", Quoted(token),
                                " is not a whole number, expected "
                                "<index>:<value> with an index from 1"));
    }
    const int64_t bound =
        options_.num_features > 0 ? options_.num_features : kMaxFeatures;
    if (!absl::SimpleAtoi(text, index) || *index > bound) {
      return Error(absl::StrCat("index ", Quoted(text),
                                " is above the number of features, ", bound));
    }
    if (*index == 0) {
      return Error(absl::StrCat("index of ", Quoted(token),
                                " is 0, indices count from 1; if the file "
                                "counts from 0, add 1 to each index"));
    }
    if (*index <= previous) {
      return Error(absl::StrCat("index ", *index, " follows ", previous,
                                ", indices must increase within a line; sort "
                                "the line and merge repeats"));
    }
    return absl::OkStatus();
  }

  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(name_, ", line ", line_number_, ": ", what));
  }

  std::string name_;
  LibsvmOptions options_;
  SparseDataset data_;
  int64_t max_index_ = 0;
  int64_t line_number_ = 0;
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

absl::StatusOr<SparseDataset> ReadLibsvm(absl::string_view path,
                                         const LibsvmOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_ASSIGN_OR_RETURN(runtime::LineReader reader,
                          runtime::LineReader::Open(path));
  Builder builder(path, options);
  std::string line;
  while (!builder.full()) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, reader.Next(&line));
    if (!more) break;
    MUSTER_RETURN_IF_ERROR(builder.AddLine(line, reader.line_number()));
  }
  return std::move(builder).Finish();
}

absl::StatusOr<SparseDataset> ParseLibsvm(absl::string_view text,
                                          absl::string_view name,
                                          const LibsvmOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  Builder builder(name, options);
  for (int64_t line_number = 1; !text.empty() && !builder.full();
       ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    MUSTER_RETURN_IF_ERROR(builder.AddLine(text.substr(0, end), line_number));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
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
