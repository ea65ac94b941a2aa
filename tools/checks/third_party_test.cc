// Every library of //third_party compiles, links and runs, in whichever mode
// it was taken (system package or pinned archive).

#include <gflags/gflags.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <zlib.h>

#include <cstddef>
#include <string>
#include <vector>

#include "Eigen/Core"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

DEFINE_int32(rows, 3, "a flag of this test");

namespace muster::tools {
namespace {

TEST(ThirdPartyTest, AbseilCarriesValuesAndErrors) {
  absl::flat_hash_map<std::string, int> counts;
  ++counts["worker"];
  EXPECT_EQ(counts.at("worker"), 1);
  const absl::StatusOr<int> missing =
      absl::NotFoundError(absl::StrFormat("no worker %d", 7));
  EXPECT_EQ(missing.status().message(), "no worker 7");
}

TEST(ThirdPartyTest, TbbVisitsEachIndexOnce) {
  std::vector<int> visits(1000, 0);
  oneapi::tbb::parallel_for(
      oneapi::tbb::blocked_range<size_t>(0, visits.size()),
      [&](const oneapi::tbb::blocked_range<size_t>& range) {
        for (size_t i = range.begin(); i != range.end(); ++i) ++visits[i];
      });
  EXPECT_THAT(visits, ::testing::Each(1));
}

TEST(ThirdPartyTest, EigenMultiplies) {
  const Eigen::MatrixXd a = Eigen::MatrixXd::Constant(FLAGS_rows, 2, 2.0);
  const Eigen::VectorXd b = Eigen::VectorXd::Ones(2);
  EXPECT_EQ((a * b).sum(), 4.0 * FLAGS_rows);
}

TEST(ThirdPartyTest, ZlibRestoresWhatItCompressed) {
  const std::string text(1000, 'm');
  std::vector<Bytef> packed(compressBound(text.size()));
  uLongf packed_bytes = packed.size();
  ASSERT_EQ(compress(packed.data(), &packed_bytes,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  EXPECT_LT(packed_bytes, text.size());
  std::string restored(text.size(), '\0');
  uLongf restored_bytes = restored.size();
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(restored.data()),
                       &restored_bytes, packed.data(), packed_bytes),
            Z_OK);
  EXPECT_EQ(restored, text);
}

TEST(ThirdPartyTest, JsonRoundTrips) {
  const auto value = nlohmann::json::parse(R"({"seeds": [1, 2]})");
  EXPECT_EQ(value["seeds"][1], 2);
  EXPECT_EQ(value.dump(), R"({"seeds":[1,2]})");
}

}  // namespace
}  // namespace muster::tools
