#ifndef MUSTER_RUNTIME_CHECK_H_
#define MUSTER_RUNTIME_CHECK_H_

// Checks of what must hold inside the program: MUSTER_CHECK and its kin.
//
//   MUSTER_CHECK(slots.empty()) << "round " << round;
//   MUSTER_CHECK_LT(worker, num_workers);
//   MUSTER_CHECK_OK(status_or_status_or);
//
// A failed check writes "file:line: check failed: condition (a vs. b) message"
// to the standard error and aborts. Each operand is evaluated exactly once; the
// message is evaluated only when the check fails.
//
// Checks are for broken invariants and violated preconditions, which are
// mistakes in code. What a user can get wrong (files, flags, options) is
// reported as an absl::Status instead. MUSTER_DCHECK* are compiled but not
// evaluated when NDEBUG is defined: for conditions inside hot loops.

#include <concepts>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster::runtime::internal_check {

// Collects the message of a failed check; its destructor prints and aborts.
class Failure {
 public:
  Failure(const char* file, int line, const std::string& what);
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  [[noreturn]] ~Failure();

  std::ostream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

// Gives both branches of the check's ?: the type void.
struct Voidify {
  void operator&(std::ostream&) const {}
};

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

template <typename T>
void Print(std::ostream& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
    out << "nullptr";
  } else if constexpr (std::is_enum_v<T> && !Streamable<T>) {
    out << static_cast<long long>(value);
  } else if constexpr (Streamable<T>) {
    const auto precision = out.precision(17);  // doubles round-trip
    out << value;
    out.precision(precision);
  } else {
    out << "<" << sizeof(T) << " bytes>";
  }
}

template <typename A, typename B>
ABSL_ATTRIBUTE_NOINLINE std::unique_ptr<std::string> Describe(
    const A& a, const B& b, const char* expression) {
  std::ostringstream out;
  out << expression << " (";
  Print(out, a);
  out << " vs. ";
  Print(out, b);
  out << ")";
  return std::make_unique<std::string>(out.str());
}

template <typename A, typename B, typename Holds>
std::unique_ptr<std::string> Compare(const A& a, const B& b,
                                     const char* expression, Holds holds) {
  if (ABSL_PREDICT_TRUE(holds(a, b))) return nullptr;
  return Describe(a, b, expression);
}

inline const absl::Status& ToStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// nullptr when `status` (a Status or a StatusOr) is OK.
template <typename S>
std::unique_ptr<std::string> DescribeError(const S& status,
                                           const char* expression) {
  if (ABSL_PREDICT_TRUE(status.ok())) return nullptr;
  return std::make_unique<std::string>(std::string(expression) + " is OK (" +
                                       ToStatus(status).ToString() + ")");
}

}  // namespace muster::runtime::internal_check

#define MUSTER_CHECK(condition)                                          \
  ABSL_PREDICT_TRUE(condition)                                           \
  ? (void)0                                                              \
  : ::muster::runtime::internal_check::Voidify() &                       \
          ::muster::runtime::internal_check::Failure(__FILE__, __LINE__, \
                                                     #condition)         \
              .stream()

#define MUSTER_INTERNAL_CHECK_OP(op, a, b)                             \
  while (const auto muster_check_failure =                             \
             ::muster::runtime::internal_check::Compare(               \
                 (a), (b), #a " " #op " " #b,                          \
                 [](const auto& x, const auto& y) { return x op y; })) \
  ::muster::runtime::internal_check::Failure(__FILE__, __LINE__,       \
                                             *muster_check_failure)    \
      .stream()

#define MUSTER_CHECK_EQ(a, b) MUSTER_INTERNAL_CHECK_OP(==, a, b)
#define MUSTER_CHECK_NE(a, b) MUSTER_INTERNAL_CHECK_OP(!=, a, b)
#define MUSTER_CHECK_LT(a, b) MUSTER_INTERNAL_CHECK_OP(<, a, b)
#define MUSTER_CHECK_LE(a, b) MUSTER_INTERNAL_CHECK_OP(<=, a, b)
#define MUSTER_CHECK_GT(a, b) MUSTER_INTERNAL_CHECK_OP(>, a, b)
#define MUSTER_CHECK_GE(a, b) MUSTER_INTERNAL_CHECK_OP(>=, a, b)

// The argument is a Status or a StatusOr.
#define MUSTER_CHECK_OK(status)                                                \
  while (                                                                      \
      const auto muster_check_failure =                                        \
          ::muster::runtime::internal_check::DescribeError((status), #status)) \
  ::muster::runtime::internal_check::Failure(__FILE__, __LINE__,               \
                                             *muster_check_failure)            \
      .stream()

#ifndef NDEBUG
#define MUSTER_DCHECK(condition) MUSTER_CHECK(condition)
#define MUSTER_DCHECK_EQ(a, b) MUSTER_CHECK_EQ(a, b)
#define MUSTER_DCHECK_NE(a, b) MUSTER_CHECK_NE(a, b)
#define MUSTER_DCHECK_LT(a, b) MUSTER_CHECK_LT(a, b)
#define MUSTER_DCHECK_LE(a, b) MUSTER_CHECK_LE(a, b)
#define MUSTER_DCHECK_GT(a, b) MUSTER_CHECK_GT(a, b)
#define MUSTER_DCHECK_GE(a, b) MUSTER_CHECK_GE(a, b)
#else
#define MUSTER_DCHECK(condition) \
  while (false) MUSTER_CHECK(condition)
#define MUSTER_DCHECK_EQ(a, b) \
  while (false) MUSTER_CHECK_EQ(a, b)
#define MUSTER_DCHECK_NE(a, b) \
  while (false) MUSTER_CHECK_NE(a, b)
#define MUSTER_DCHECK_LT(a, b) \
  while (false) MUSTER_CHECK_LT(a, b)
#define MUSTER_DCHECK_LE(a, b) \
  while (false) MUSTER_CHECK_LE(a, b)
#define MUSTER_DCHECK_GT(a, b) \
  while (false) MUSTER_CHECK_GT(a, b)
#define MUSTER_DCHECK_GE(a, b) \
  while (false) MUSTER_CHECK_GE(a, b)
#endif

#endif  // MUSTER_RUNTIME_CHECK_H_
