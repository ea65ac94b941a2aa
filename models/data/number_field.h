#ifndef MUSTER_MODELS_DATA_NUMBER_FIELD_H_
#define MUSTER_MODELS_DATA_NUMBER_FIELD_H_

// Numbers in the fields of text files, for the readers: what stands in the way
// of reading one, in words for the error.

#include <string>

#include "absl/strings/string_view.h"

namespace muster::models {

enum class NumberError { kNone, kNotANumber, kNotFinite, kOverflow };

// Reads the whole field as a decimal number, a leading '+' allowed. Underflow
// reads as 0.
NumberError ReadNumber(absl::string_view field, double* number);

// The same, rounded to the nearest float; kOverflow if that is infinite. Nine
// digits of any float, the largest among them, read back as it.
NumberError ReadNumber(absl::string_view field, float* number);

// "is not a number", with how to mend it where there is a way.
absl::string_view DescribeNumberError(NumberError error);

// A field as an error shows it: quoted, cut at 40 bytes, unprintable bytes
// escaped.
std::string QuotedField(absl::string_view field);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_NUMBER_FIELD_H_
