// Any text, as word counts and as labels, is refused with a place or read as
// valid data that is written and read again as itself.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/bag_of_words.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fuzz_target.h"

namespace {

using ::muster::models::SparseDataset;

// Bytes of the first line, the number of documents. ParseBagOfWords takes ten
// million documents without words, which is 160 MB for a text of some bytes:
// legal, and too slow for thousands of inputs. Its own limit is for
// bag_of_words_test.
constexpr size_t kMaxFirstLine = 6;

void TryCounts(absl::string_view text) {
  if (text.substr(0, text.find('\n')).size() > kMaxFirstLine) return;
  const auto read = muster::models::ParseBagOfWords(text, "input");
  if (!read.ok()) {
    MUSTER_CHECK(absl::StartsWith(read.status().message(), "input"));
    return;
  }
  MUSTER_CHECK(muster::models::Validate(*read).ok());
  const auto again = muster::models::ParseBagOfWords(
      muster::models::FormatBagOfWords(*read), "again");
  MUSTER_CHECK(again.ok() && *again == *read);
}

void TryLabels(absl::string_view text, size_t num_rows) {
  const muster::runtime::MemoryFile file(text);
  SparseDataset data;
  data.row_begin.resize(num_rows + 1, 0);
  data.labels.assign(num_rows, -7);
  const SparseDataset before = data;
  const absl::Status status = muster::models::ReadLabels(file.path(), &data);
  if (!status.ok()) {
    MUSTER_CHECK(absl::StartsWith(status.message(), file.path()));
    MUSTER_CHECK(data == before);
    return;
  }
  MUSTER_CHECK(muster::models::Validate(data).ok());
}

}  // namespace

std::vector<std::string> muster::runtime::FuzzSeeds() {
  const auto seed = [](char first, absl::string_view text) {
    return absl::StrCat(absl::string_view(&first, 1), text);
  };
  return {seed(0, "4\n5\n4\n1 1 2\n1 4 1\r\n3 2 7\n3\t5  1\n"),
          seed(0, "0\n0\n0"),
          seed(0, "9\n2\n0\n\n"),
          seed(0, "2\n1\n1\n2 1 16777216\n"),
          seed(4, "3\n1\r\n20\n-1.5e3"),
          seed(1, "\xef\xbb\xbf\x30\n")};
}

// The first byte chooses: 0 counts, else that many documents with labels.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view text(reinterpret_cast<const char*>(data + 1),
                               size - 1);
  if (data[0] == 0) {
    TryCounts(text);
  } else {
    TryLabels(text, data[0]);
  }
  return 0;
}
