#include "muster/runtime/spec_lexer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {
namespace {

using Kind = SpecToken::Kind;

// Bytes of the spec that an error shows on either side of its column.
constexpr size_t kContextBytes = 36;

// The length of the number at the front of `rest`; ".." ends a number, so that
// 1..5 is a range.
size_t NumberLength(absl::string_view rest) {
  size_t length = 0;
  const auto take_digits = [&] {
    while (length < rest.size() && absl::ascii_isdigit(rest[length])) ++length;
  };
  take_digits();
  if (length < rest.size() && rest[length] == '.' &&
      (length + 1 == rest.size() || rest[length + 1] != '.')) {
    ++length;
    take_digits();
  }
  const size_t mantissa = length;
  if (length < rest.size() && (rest[length] == 'e' || rest[length] == 'E')) {
    ++length;
    if (length < rest.size() && (rest[length] == '+' || rest[length] == '-')) {
      ++length;
    }
    const size_t exponent = length;
    take_digits();
    if (length == exponent) return mantissa;
  }
  return length;
}

size_t NameLength(absl::string_view rest) {
  size_t length = 0;
  while (length < rest.size() &&
         (absl::ascii_isalnum(rest[length]) || rest[length] == '_')) {
    ++length;
  }
  return length;
}

}  // namespace

absl::StatusOr<std::vector<SpecToken>> TokenizeSpec(absl::string_view text) {
  std::vector<SpecToken> tokens;
  size_t at = 0;
  while (true) {
    while (at < text.size() && absl::ascii_isspace(text[at])) ++at;
    const absl::string_view rest = text.substr(at);
    SpecToken token = {Kind::kEnd, rest.substr(0, 0), 0, at};
    if (rest.empty()) {
      tokens.push_back(token);
      return tokens;
    }
    const char first = rest[0];
    size_t length = 1;
    if (absl::ascii_isdigit(first) ||
        (first == '.' && rest.size() > 1 && absl::ascii_isdigit(rest[1]))) {
      token.kind = Kind::kNumber;
      length = NumberLength(rest);
      token.text = rest.substr(0, length);
      if (!ParseNumber(token.text, &token.number)) {
        return SpecErrorAt(text, at, "the number is beyond the doubles");
      }
    } else if (absl::ascii_isalpha(first) || first == '_') {
      token.kind = Kind::kName;
      length = NameLength(rest);
      token.text = rest.substr(0, length);
    } else if (first == '"' || first == '\'') {
      const size_t close = rest.find(first, 1);
      if (close == absl::string_view::npos) {
        return SpecErrorAt(text, at, "the string has no closing quote");
      }
      token.kind = Kind::kString;
      length = close + 1;
      token.text = rest.substr(1, close - 1);
    } else if (rest.size() > 1 && rest.substr(0, 2) == "..") {
      token.kind = Kind::kSign;
      length = 2;
      token.text = rest.substr(0, 2);
    } else if (absl::string_view("(),;|=+-*/^@:").find(first) !=
               absl::string_view::npos) {
      token.kind = Kind::kSign;
      token.text = rest.substr(0, 1);
    } else {
      return SpecErrorAt(text, at,
                         "unexpected character; expected a number, a name, a "
                         "string or one of ( ) , ; | = + - * / ^ @ : ..");
    }
    tokens.push_back(token);
    at += length;
  }
}

absl::Status SpecErrorAt(absl::string_view text, size_t column,
                         absl::string_view message) {
  column = std::min(column, text.size());
  const size_t begin = column > kContextBytes ? column - kContextBytes : 0;
  const size_t end = std::min(text.size(), column + kContextBytes);
  std::string context(text.substr(begin, end - begin));
  for (char& c : context) {
    if (absl::ascii_isspace(c)) c = ' ';
    if (!absl::ascii_isprint(c)) c = '?';
  }
  const absl::string_view before = begin > 0 ? "..." : "";
  const absl::string_view after = end < text.size() ? "..." : "";
  return absl::InvalidArgumentError(
      absl::StrCat("cluster spec, column ", column + 1, ": ", message, "\n  ",
                   before, context, after, "\n  ",
                   std::string(before.size() + column - begin, ' '), "^"));
}

std::string DescribeToken(const SpecToken& token) {
  if (token.kind == Kind::kEnd) return "the end of the spec";
  return absl::StrCat("'", token.text, "'");
}

absl::StatusOr<SpecTokenStream> SpecTokenStream::Create(
    absl::string_view text) {
  MUSTER_ASSIGN_OR_RETURN(std::vector<SpecToken> tokens, TokenizeSpec(text));
  return SpecTokenStream(text, std::move(tokens));
}

SpecTokenStream::SpecTokenStream(absl::string_view text,
                                 std::vector<SpecToken> tokens)
    : text_(text), tokens_(std::move(tokens)) {}

const SpecToken& SpecTokenStream::Peek(size_t ahead) const {
  return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

const SpecToken& SpecTokenStream::Take() {
  const SpecToken& token = Peek();
  if (token.kind != Kind::kEnd) ++next_;
  return token;
}

bool SpecTokenStream::AtSign(absl::string_view sign, size_t ahead) const {
  return Peek(ahead).kind == Kind::kSign && Peek(ahead).text == sign;
}

bool SpecTokenStream::AtName(size_t ahead) const {
  return Peek(ahead).kind == Kind::kName;
}

bool SpecTokenStream::TakeSign(absl::string_view sign) {
  if (!AtSign(sign)) return false;
  Take();
  return true;
}

absl::Status SpecTokenStream::Expect(absl::string_view sign,
                                     absl::string_view where) {
  if (TakeSign(sign)) return absl::OkStatus();
  return Expected(absl::StrCat("'", sign, "' ", where));
}

absl::Status SpecTokenStream::Expected(absl::string_view what) const {
  return ErrorAt(Peek().column, absl::StrCat("expected ", what, ", found ",
                                             DescribeToken(Peek())));
}

}  // namespace muster::runtime
