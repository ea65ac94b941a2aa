#ifndef MUSTER_RUNTIME_TEXT_FILE_H_
#define MUSTER_RUNTIME_TEXT_FILE_H_

// Lines of a text file that is plain or gzip-compressed (by content).
//
//   MUSTER_ASSIGN_OR_RETURN(LineReader lines, LineReader::Open(path));
//   std::string line;
//   while (true) {
//     MUSTER_ASSIGN_OR_RETURN(const bool more, lines.Next(&line));
//     if (!more) break;
//     if (line.empty()) return lines.Error("the line is empty");
//   }
//
// A line ends at "\n" or "\r\n", which are not part of it; the last one may end
// with the file. Other bytes, "\0" among them, are kept. Lines may have any
// length; memory is two buffers and the longest line.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/input_file.h"

namespace muster::runtime {

// Movable, thread-compatible.
class LineReader {
 public:
  // Errors as of InputFile::Open.
  static absl::StatusOr<LineReader> Open(absl::string_view path);

  // True and the next line, or false at the end of the file. DataLoss "path,
  // line 7: reason" when gzip data is damaged or cut short in line 7; all lines
  // before it have been given out by then.
  absl::StatusOr<bool> Next(std::string* line);

  // Number of the line given out last, from 1; 0 before the first.
  int64_t line_number() const { return line_number_; }

  const std::string& path() const { return file_.path(); }
  // As of InputFile: how far it is, with what was read ahead.
  const InputFile& file() const { return file_; }

  // InvalidArgument "path, line 7: message" for the line given out last.
  absl::Status Error(absl::string_view message) const;

 private:
  explicit LineReader(InputFile file);

  InputFile file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // bytes read and not given out: buffer_[begin_, end_)
  size_t end_ = 0;
  int64_t line_number_ = 0;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_TEXT_FILE_H_
