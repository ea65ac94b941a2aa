// Any text is refused with a place, or read as valid data that is written and
// read again as itself.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/libsvm.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fuzz_target.h"

std::vector<std::string> muster::runtime::FuzzSeeds() {
  return {"+1 2:0.5 4:-3 # a comment 9:9\n\n# only a comment\n-1.5e0\t1:1\r\n0",
          "1 1:1 2:1e-300 3:1e38\n-1 7:nan\n", "1 qid:3 1:2\n",
          "0 2147483647:1\n",
          // The largest double and the largest float.
          "1.7976931348623157e308 1:3.40282347e+38 2:-3.40282347e+38\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::models::ParseLibsvm;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = ParseLibsvm(text, "input");
  if (!read.ok()) {
    MUSTER_CHECK(absl::StartsWith(read.status().message(), "input"));
    return 0;
  }
  MUSTER_CHECK(muster::models::Validate(*read).ok());
  MUSTER_CHECK_GE(read->num_rows(), 1);
  const auto again = ParseLibsvm(muster::models::FormatLibsvm(*read), "again",
                                 {.num_features = read->num_features});
  MUSTER_CHECK(again.ok() && *again == *read);
  return 0;
}
