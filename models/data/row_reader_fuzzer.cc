// A file of any bytes gives valid rows and ends, in every format that its first
// byte names.

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "muster/models/data/idx.h"
#include "muster/models/data/row_reader.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fuzz_target.h"

namespace {

std::string Gzip(absl::string_view text) {
  z_stream stream = {};
  MUSTER_CHECK_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8,
                               Z_DEFAULT_STRATEGY),
                  Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  MUSTER_CHECK_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::vector<std::string> muster::runtime::FuzzSeeds() {
  const std::string images = muster::models::FormatIdx(
      {.sizes = {2, 1, 3}, .bytes = {0, 255, 0, 51, 0, 102}});
  return {"0+1 2:0.5 4:0\n\n-1\r\n2 1:3 # tail\nx 1:1\n",
          "1a,b\n1,2\n3\n4,5\n",
          "2\n x,y\n1,0\n",
          "0" + images,
          "3" + images,
          "0" + Gzip("1 1:2 3:4\n-1 2:5\n0\n"),
          "0" + Gzip(images)};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::models::RowFormat;
  if (size == 0) return 0;
  const muster::runtime::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data + 1), size - 1));
  int64_t told = 0;
  muster::models::RowReaderOptions options;
  options.format = static_cast<RowFormat>(data[0] % 4);
  options.max_bad_rows = data[0] / 4 % 8;
  options.num_features = data[0] / 32 % 4;
  options.on_bad_row = [&](const muster::models::BadRow& bad) {
    MUSTER_CHECK_GE(bad.number, 1);
    MUSTER_CHECK(!bad.reason.empty());
    ++told;
  };
  auto reader = muster::models::RowReader::Open(file.path(), options);
  if (!reader.ok()) return 0;
  muster::models::RowBatch batch;
  while (true) {
    const auto count = reader->NextBatch(3, &batch, true);
    if (!count.ok() || *count == 0) break;
    MUSTER_CHECK(muster::models::Validate(batch.rows).ok());
    MUSTER_CHECK_EQ(batch.texts.size(), batch.rows.labels.size());
  }
  MUSTER_CHECK_EQ(reader->num_bad_rows(), told);
  MUSTER_CHECK_LE(told, options.max_bad_rows + 1);
  return 0;
}
