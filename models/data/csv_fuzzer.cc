// Any text, under options taken from its first byte, is refused with a place or
// read as valid data that is written and read again as itself.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/csv.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fuzz_target.h"

std::vector<std::string> muster::runtime::FuzzSeeds() {
  const std::string byte_order_mark = "\xef\xbb\xbf";
  return {"0age, weight ,\"a \"\"b\"\", m\",class\r\n\n31,+80.5,1.83,1\n",
          "11;2;3\n4;5;6\n", "2x\ty\n1\t\n",
          "3" + byte_order_mark + "1,NA,?\n2,,\"\"", "7a,b\n1,\"2\n3,4\n",
          // The largest float and the largest double.
          "0x,y,t\n3.40282347e+38,-3.40282347e+38,1.7976931348623157e308\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::models::CsvHeader;
  using muster::models::CsvMissing;
  if (size == 0) return 0;
  const int choice = data[0];
  muster::models::CsvOptions options;
  options.delimiter = ",;\t"[choice % 3];
  options.header = static_cast<CsvHeader>(choice / 3 % 3);
  if (choice / 9 % 2 == 1) options.label_column = "-1";
  if (choice / 18 % 2 == 1) options.missing = CsvMissing::kZero;
  const absl::string_view text(reinterpret_cast<const char*>(data + 1),
                               size - 1);
  const auto read = muster::models::ParseCsv(text, "input", options);
  if (!read.ok()) {
    MUSTER_CHECK(absl::StartsWith(read.status().message(), "input"));
    return 0;
  }
  MUSTER_CHECK_EQ(static_cast<int64_t>(read->values.size()),
                  read->num_rows() * read->num_features);
  MUSTER_CHECK(muster::models::Validate(ToSparse(*read)).ok());
  const auto again = muster::models::ParseCsv(
      muster::models::FormatCsv(*read), "again", {.label_column = "label"});
  MUSTER_CHECK(again.ok() && *again == *read);
  return 0;
}
