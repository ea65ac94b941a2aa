#ifndef MUSTER_RUNTIME_SPEC_LEXER_H_
#define MUSTER_RUNTIME_SPEC_LEXER_H_

// Words, numbers and signs of a cluster spec (cluster_spec.h), and the form of
// its errors: the column, what was wrong, and the text with a caret below it.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::runtime {

struct SpecToken {
  enum class Kind {
    kNumber,  // 29  .5  1e-3
    kName,    // a letter or _, then letters, digits and _
    kString,  // "..." or '...', without escapes
    kSign,    // ( ) , ; | = + - * / ^ @ : and ..
    kEnd,     // after the last
  };
  Kind kind;
  absl::string_view text;  // as written, of a string what is between its quotes
  double number;           // of kNumber
  size_t column;           // from 0, in bytes
};

// The tokens of `text`, which must outlive them; the last is kEnd. Blanks
// separate. InvalidArgument (SpecErrorAt) for anything else. O(size).
absl::StatusOr<std::vector<SpecToken>> TokenizeSpec(absl::string_view text);

// InvalidArgument "cluster spec, column 8: message", the neighbourhood of the
// column in a second line and a caret under it in a third. Columns are counted
// from 1 there.
absl::Status SpecErrorAt(absl::string_view text, size_t column,
                         absl::string_view message);

// How an error message names a token: 'word', end of the spec.
std::string DescribeToken(const SpecToken& token);

// The tokens of one spec, read from left to right.
class SpecTokenStream {
 public:
  static absl::StatusOr<SpecTokenStream> Create(absl::string_view text);

  const SpecToken& Peek(size_t ahead = 0) const;
  const SpecToken& Take();
  bool AtSign(absl::string_view sign, size_t ahead = 0) const;
  bool AtName(size_t ahead = 0) const;
  // Takes the sign if it is next.
  bool TakeSign(absl::string_view sign);
  // An error unless `sign` is next; `where` completes "expected ')' ...".
  absl::Status Expect(absl::string_view sign, absl::string_view where);

  absl::Status ErrorAt(size_t column, absl::string_view message) const {
    return SpecErrorAt(text_, column, message);
  }
  // "expected `what`, found ..." at the next token.
  absl::Status Expected(absl::string_view what) const;

 private:
  SpecTokenStream(absl::string_view text, std::vector<SpecToken> tokens);

  absl::string_view text_;  // of the caller
  std::vector<SpecToken> tokens_;
  size_t next_ = 0;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_SPEC_LEXER_H_
