#ifndef MUSTER_RUNTIME_STATUS_MACROS_H_
#define MUSTER_RUNTIME_STATUS_MACROS_H_

// MUSTER_RETURN_IF_ERROR and MUSTER_ASSIGN_OR_RETURN: pass errors upwards.
//
//   MUSTER_RETURN_IF_ERROR(Validate(options));
//   MUSTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
//
// Usable in functions that return absl::Status or absl::StatusOr. A left-hand
// side that holds a comma needs parentheses of its own (a typedef or `auto`
// avoids them).

#include <utility>

#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function if `expression`, an absl::Status, is an
// error.
#define MUSTER_RETURN_IF_ERROR(expression)           \
  do {                                               \
    if (::absl::Status muster_status = (expression); \
        ABSL_PREDICT_FALSE(!muster_status.ok())) {   \
      return muster_status;                          \
    }                                                \
  } while (false)

// Moves the value of `expression`, an absl::StatusOr, into `lhs` (an assignable
// expression or a declaration), or returns its error.
#define MUSTER_ASSIGN_OR_RETURN(lhs, ...) \
  MUSTER_INTERNAL_ASSIGN_OR_RETURN(       \
      MUSTER_INTERNAL_CONCAT(muster_status_or_, __LINE__), lhs, __VA_ARGS__)

#define MUSTER_INTERNAL_ASSIGN_OR_RETURN(status_or, lhs, ...) \
  auto status_or = (__VA_ARGS__);                             \
  if (ABSL_PREDICT_FALSE(!status_or.ok())) {                  \
    return std::move(status_or).status();                     \
  }                                                           \
  lhs = *std::move(status_or)

#define MUSTER_INTERNAL_CONCAT(a, b) MUSTER_INTERNAL_CONCAT_2(a, b)
#define MUSTER_INTERNAL_CONCAT_2(a, b) a##b

#endif  // MUSTER_RUNTIME_STATUS_MACROS_H_
