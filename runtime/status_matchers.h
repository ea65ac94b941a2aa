#ifndef MUSTER_RUNTIME_STATUS_MATCHERS_H_
#define MUSTER_RUNTIME_STATUS_MATCHERS_H_

// GoogleMock matchers for absl::Status and absl::StatusOr (tests only).
//
//   EXPECT_THAT(Validate(options), IsOk());
//   EXPECT_THAT(ParseCount("7"), IsOkAndHolds(Gt(5)));
//   EXPECT_THAT(Validate(bad), StatusIs(absl::StatusCode::kInvalidArgument,
//                                       HasSubstr("num_workers is 0")));

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace muster::runtime {
namespace internal_status_matchers {

inline const absl::Status& ToStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

class IsOkMatcher {
 public:
  using is_gtest_matcher = void;

  template <typename S>
  bool MatchAndExplain(const S& actual,
                       ::testing::MatchResultListener* listener) const {
    if (!actual.ok()) *listener << "whose status is " << ToStatus(actual);
    return actual.ok();
  }
  void DescribeTo(std::ostream* os) const { *os << "is OK"; }
  void DescribeNegationTo(std::ostream* os) const { *os << "is not OK"; }
};

// Matches a Status or StatusOr by code and message.
class StatusIsMatcher {
 public:
  using is_gtest_matcher = void;

  StatusIsMatcher(::testing::Matcher<absl::StatusCode> code,
                  ::testing::Matcher<const std::string&> message)
      : code_(std::move(code)), message_(std::move(message)) {}

  template <typename S>
  bool MatchAndExplain(const S& actual,
                       ::testing::MatchResultListener* listener) const {
    const absl::Status& status = ToStatus(actual);
    const std::string message(status.message());
    const bool matches =
        code_.Matches(status.code()) && message_.Matches(message);
    if (!matches) *listener << "whose status is " << status;
    return matches;
  }
  void DescribeTo(std::ostream* os) const {
    *os << "has a status code that ";
    code_.DescribeTo(os);
    *os << " and a message that ";
    message_.DescribeTo(os);
  }
  void DescribeNegationTo(std::ostream* os) const {
    *os << "not (";
    DescribeTo(os);
    *os << ")";
  }

 private:
  ::testing::Matcher<absl::StatusCode> code_;
  ::testing::Matcher<const std::string&> message_;
};

// Matches a StatusOr<T> that is OK and whose value matches `inner`.
template <typename Inner>
class IsOkAndHoldsMatcher {
 public:
  using is_gtest_matcher = void;

  explicit IsOkAndHoldsMatcher(Inner inner) : inner_(std::move(inner)) {}

  template <typename T>
  bool MatchAndExplain(const absl::StatusOr<T>& actual,
                       ::testing::MatchResultListener* listener) const {
    if (!actual.ok()) {
      *listener << "whose status is " << actual.status();
      return false;
    }
    const auto matcher = ::testing::SafeMatcherCast<const T&>(inner_);
    ::testing::StringMatchResultListener reason;
    const bool matches = matcher.MatchAndExplain(*actual, &reason);
    *listener << "which holds " << ::testing::PrintToString(*actual);
    if (!reason.str().empty()) *listener << ", " << reason.str();
    return matches;
  }
  void DescribeTo(std::ostream* os) const {
    *os << "is OK and its value matches";
  }
  void DescribeNegationTo(std::ostream* os) const {
    *os << "is an error, or its value does not match";
  }

 private:
  Inner inner_;
};

}  // namespace internal_status_matchers

// The Status or StatusOr is OK.
inline internal_status_matchers::IsOkMatcher IsOk() { return {}; }

// The StatusOr is OK and its value matches (a value or a matcher).
template <typename Inner>
auto IsOkAndHolds(Inner&& inner) {
  return internal_status_matchers::IsOkAndHoldsMatcher<std::decay_t<Inner>>(
      std::forward<Inner>(inner));
}

// The Status or StatusOr has this code, and a message that matches.
template <typename Code, typename Message>
internal_status_matchers::StatusIsMatcher StatusIs(Code&& code,
                                                   Message&& message) {
  return {::testing::MatcherCast<absl::StatusCode>(std::forward<Code>(code)),
          ::testing::MatcherCast<const std::string&>(
              std::forward<Message>(message))};
}
template <typename Code>
internal_status_matchers::StatusIsMatcher StatusIs(Code&& code) {
  return StatusIs(std::forward<Code>(code), ::testing::_);
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_STATUS_MATCHERS_H_
