#ifndef MUSTER_MODELS_DATA_LINES_H_
#define MUSTER_MODELS_DATA_LINES_H_

// The lines of a file or a text, one by one, into a reader's builder: a class
// with `bool full()` and `absl::Status AddLine(line, line_number)`. Lines count
// from 1; what follows a full builder is not read. Internal to the readers of
// this package.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/text_file.h"

namespace muster::models {

// Errors of runtime::LineReader and of the builder.
template <typename Builder>
absl::Status AddLinesOfFile(absl::string_view path, Builder* builder) {
  MUSTER_ASSIGN_OR_RETURN(runtime::LineReader reader,
                          runtime::LineReader::Open(path));
  std::string line;
  while (!builder->full()) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, reader.Next(&line));
    if (!more) break;
    MUSTER_RETURN_IF_ERROR(builder->AddLine(line, reader.line_number()));
  }
  return absl::OkStatus();
}

// Errors of the builder. A newline at the end begins no further line.
template <typename Builder>
absl::Status AddLinesOfText(absl::string_view text, Builder* builder) {
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
