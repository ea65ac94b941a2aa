#ifndef MUSTER_MODELS_DATA_LINES_H_
#define MUSTER_MODELS_DATA_LINES_H_

// The lines of a file or a text, one by one, into a reader's builder: a class
// with `bool full()` and `absl::Status AddLine(line, line_number)`. Lines count
// from 1, the first one without its byte order mark; what follows a full
// builder is not read. Internal to the readers of this package.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/text_file.h"

namespace muster::models {

// UTF-8's, as some editors and spreadsheets put it before a text.
inline constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

// reader.Next, without the byte order mark.
inline absl::StatusOr<bool> NextLine(runtime::LineReader* reader,
                                     std::string* line) {
  MUSTER_ASSIGN_OR_RETURN(const bool more, reader->Next(line));
  if (more && reader->line_number() == 1 &&
      absl::StartsWith(*line, kByteOrderMark)) {
    line->erase(0, kByteOrderMark.size());
  }
  return more;
}

// Cuts the next token off `line`, blanks before it dropped; false when only
// blanks are left.
inline bool NextToken(absl::string_view* line, absl::string_view* token) {
  constexpr absl::string_view kBlanks = " \t\r\f\v";
  const size_t begin = line->find_first_not_of(kBlanks);
  if (begin == absl::string_view::npos) return false;
  const size_t end =
      std::min(line->find_first_of(kBlanks, begin), line->size());
  *token = line->substr(begin, end - begin);
  line->remove_prefix(end);
  return true;
}

// Errors of runtime::LineReader and of the builder.
template <typename Builder>
absl::Status AddLinesOfFile(absl::string_view path, Builder* builder) {
  MUSTER_ASSIGN_OR_RETURN(runtime::LineReader reader,
                          runtime::LineReader::Open(path));
  std::string line;
  while (!builder->full()) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, NextLine(&reader, &line));
    if (!more) break;
    MUSTER_RETURN_IF_ERROR(builder->AddLine(line, reader.line_number()));
  }
  return absl::OkStatus();
}

// Errors of the builder. A newline at the end begins no further line.
template <typename Builder>
absl::Status AddLinesOfText(absl::string_view text, Builder* builder) {
  text = absl::StripPrefix(text, kByteOrderMark);
  for (int64_t line_number = 1; !text.empty() && !builder->full();
       ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    MUSTER_RETURN_IF_ERROR(builder->AddLine(text.substr(0, end), line_number));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return absl::OkStatus();
}

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_LINES_H_
