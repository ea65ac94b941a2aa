// Any bytes are refused, or are a manifest: one whose shards hold the copies of
// its rows, whose sums fit, and that comes back from what is written of it.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/csv.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fuzz_target.h"
#include "muster/tools/dispatch/manifest.h"

std::vector<std::string> muster::runtime::FuzzSeeds() {
  namespace dispatch = muster::tools::dispatch;
  dispatch::Manifest manifest{
      .format = "idx",
      .input = "images.gz",
      .router = "a.router",
      .router_kind = "price",
      .router_crc32 = "0123abcd",
      .copies = 2,
      .rows = 3,
      .bad_rows = 1,
      .shards = {{.files = {"a", "b"}, .bytes = {5, 3}, .rows = 3},
                 {.files = {"c", "d"}, .bytes = {0, 0}, .rows = 3}}};
  std::vector<std::string> seeds = {dispatch::FormatManifest(manifest)};
  manifest = {
      .format = "csv",
      .rows = 7,
      .online = true,
      .csv = muster::models::CsvOptions{.delimiter = ';',
                                        .label_column = "y",
                                        .ignored_columns = {"id", "\xff"}},
      .shards = {{.files = {"a"}, .bytes = {9}, .rows = 7}}};
  seeds.push_back(dispatch::FormatManifest(manifest));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace dispatch = muster::tools::dispatch;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = dispatch::ParseManifest(text, "input");
  if (!manifest.ok()) {
    MUSTER_CHECK(absl::StartsWith(manifest.status().message(), "input"));
    return 0;
  }
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t rows = 0, bytes = 0;
  std::set<std::string> files;
  for (const dispatch::ShardEntry& shard : manifest->shards) {
    MUSTER_CHECK_LE(shard.rows, kMost - rows);
    rows += shard.rows;
    MUSTER_CHECK_EQ(shard.files.size(), shard.bytes.size());
    for (size_t i = 0; i < shard.files.size(); ++i) {
      MUSTER_CHECK_LE(shard.bytes[i], kMost - bytes);
      bytes += shard.bytes[i];
      MUSTER_CHECK(files.insert(shard.files[i]).second);
      MUSTER_CHECK(shard.files[i].find('/') == std::string::npos);
    }
  }
  MUSTER_CHECK_GE(rows, 1);
  MUSTER_CHECK_EQ(rows % manifest->copies, 0);
  MUSTER_CHECK_EQ(rows / manifest->copies, manifest->rows);
  const std::string written = dispatch::FormatManifest(*manifest);
  const auto again = dispatch::ParseManifest(written, "again");
  MUSTER_CHECK(again.ok()) << again.status().ToString();
  MUSTER_CHECK(dispatch::FormatManifest(*again) == written);
  return 0;
}
