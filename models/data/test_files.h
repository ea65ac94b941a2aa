#ifndef MUSTER_MODELS_DATA_TEST_FILES_H_
#define MUSTER_MODELS_DATA_TEST_FILES_H_

// For tests of readers: files in the test's own folder, plain and compressed,
// and where the real data sets are.

#include <string>

#include "absl/strings/string_view.h"

namespace muster::models {

// Writes `contents` to a file of that name in the test's temporary folder and
// returns its path. CHECKs success.
std::string WriteTestFile(absl::string_view name, absl::string_view contents);

// `contents` as one gzip member.
std::string Gzip(absl::string_view contents);

// $MUSTER_DATA/<relative>, or "" when the variable is unset or empty or the
// file is not there: the test then skips.
std::string RealDataFile(absl::string_view relative);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_TEST_FILES_H_
