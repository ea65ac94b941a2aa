#ifndef MUSTER_RUNTIME_NUMBER_TEXT_H_
#define MUSTER_RUNTIME_NUMBER_TEXT_H_

// Doubles as text, independent of the locale.

#include <string>

#include "absl/strings/string_view.h"

namespace muster::runtime {

// The shortest decimal text that reads back as the same double ("0.1", "1e+22",
// "inf", "nan").
std::string NumberText(double value);

// Reads the whole of `text` as a decimal number ("-1.5e3", "inf", "nan"; no
// blanks, no leading plus sign) into `value`; false if it is none.
bool ParseNumber(absl::string_view text, double* value);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_NUMBER_TEXT_H_
