#include "muster/models/data/test_files.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"

namespace muster::models {

std::string WriteTestFile(absl::string_view name, absl::string_view contents) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::ofstream file(path, std::ios::binary);
  file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  file.close();
  MUSTER_CHECK(file.good()) << path;
  return path;
}

std::string Gzip(absl::string_view contents) {
  z_stream stream = {};
  constexpr int kGzipWindow = 15 + 16;
  MUSTER_CHECK_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow,
                               8, Z_DEFAULT_STRATEGY),
                  Z_OK);
  std::string out(deflateBound(&stream, contents.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(contents.data()));
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  MUSTER_CHECK_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string RealDataFile(absl::string_view relative) {
  const char* folder = std::getenv("MUSTER_DATA");
  if (folder == nullptr || *folder == '\0') return "";
  const std::string path = absl::StrCat(folder, "/", relative);
  return std::filesystem::exists(path) ? path : "";
}

}  // namespace muster::models
