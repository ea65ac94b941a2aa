// Any bytes are refused, or are a router: one that routes points to distinct
// groups and writes itself as these bytes. The checksum is made right first, as
// no mutation would get past it.

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/forest_router.h"
#include "muster/dispatch/hash_router.h"
#include "muster/dispatch/kd_tree_router.h"
#include "muster/dispatch/locality_hash.h"
#include "muster/dispatch/nearest_sample_router.h"
#include "muster/dispatch/partition_tree.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/projected_router.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/random_router.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/router_file.h"
#include "muster/dispatch/tree_router.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fuzz_target.h"
#include "muster/runtime/rng.h"

namespace {

using ::muster::dispatch::PointSet;

constexpr int64_t kMaxDimension = 1024;
constexpr int64_t kMaxCopies = 4096;

// The checksum that ends a file, little endian.
std::string Checksum(absl::string_view bytes) {
  const auto crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()),
            static_cast<uInt>(bytes.size())));
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) {
    text += static_cast<char>(crc >> shift & 0xff);
  }
  return text;
}

PointSet SmallPoints() {
  return {.values = {0, 0, 1, 3, 5, -2, 2, 2, -4, 1, 3, 0}, .dimension = 2};
}

muster::dispatch::ClusteredSample SmallSample() {
  return {.points = SmallPoints(),
          .groups = {0, 1, 1, 2, 2, 0, 0, 2, 1, 0, 2, 1},
          .num_groups = 3,
          .copies = 2};
}

}  // namespace

// Without the checksum.
std::vector<std::string> muster::runtime::FuzzSeeds() {
  namespace dispatch = muster::dispatch;
  const muster::runtime::Rng rng(1);
  std::vector<absl::StatusOr<std::unique_ptr<dispatch::Router>>> routers;
  routers.push_back(dispatch::PriceRouter::Create(
      {.centers = SmallPoints(), .prices = {2, 0, 1, 3, 0, 1}, .copies = 2}));
  routers.push_back(
      dispatch::CenterRouter::Create({.centers = SmallPoints(), .copies = 1}));
  routers.push_back(dispatch::NearestSampleRouter::Create(SmallSample()));
  routers.push_back(dispatch::ForestRouter::Create(
      {.sample = SmallSample(),
       .forest = {.num_trees = 1, .leaf_size = 2, .seed = 1}}));
  routers.push_back(dispatch::KdTreeRouter::Create(SmallSample()));
  routers.push_back(dispatch::TreeRouter::Create(*dispatch::BuildPartitionTree(
      SmallPoints().View(), 4, dispatch::CutDirection::kAxis, rng)));
  routers.push_back(dispatch::HashRouter::Create(
      *dispatch::FitLocalityHash(SmallPoints().View(), 2, 3, rng)));
  routers.push_back(dispatch::RandomRouter::Create(
      {.dimension = 2, .num_groups = 5, .copies = 2, .seed = 1}));
  routers.push_back(dispatch::ProjectedRouter::Create(
      *dispatch::RandomProjection::Create(
          {.num_features = 9, .dimension = 2, .unit_length = true, .seed = 1}),
      *dispatch::CenterRouter::Create(
          {.centers = SmallPoints(), .copies = 1})));
  std::vector<std::string> seeds;
  for (const auto& router : routers) {
    MUSTER_CHECK(router.ok()) << router.status().ToString();
    std::string bytes = dispatch::EncodeRouterFile(**router);
    bytes.resize(bytes.size() - 4);
    seeds.push_back(std::move(bytes));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace dispatch = muster::dispatch;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes += Checksum(bytes);
  const auto router = dispatch::DecodeRouterFile(bytes, "input");
  if (!router.ok()) {
    MUSTER_CHECK(absl::StartsWith(router.status().message(), "input"));
    return 0;
  }
  MUSTER_CHECK(dispatch::EncodeRouterFile(**router) == bytes);
  const int64_t dimension = (*router)->dimension();
  const int64_t copies = (*router)->copies();
  if (dimension > kMaxDimension || copies > kMaxCopies) return 0;
  PointSet points{.dimension = dimension};
  points.values.resize(2 * dimension);
  for (int64_t t = 0; t < dimension; ++t) {
    points.values[dimension + t] = static_cast<float>(t) - 1.5F;
  }
  std::vector<int32_t> groups(2 * copies);
  if (!(*router)->Route(points.View(), groups).ok()) return 0;
  for (int64_t i = 0; i < 2; ++i) {
    const std::set<int32_t> distinct(groups.begin() + i * copies,
                                     groups.begin() + (i + 1) * copies);
    MUSTER_CHECK_EQ(static_cast<int64_t>(distinct.size()), copies);
    MUSTER_CHECK_GE(*distinct.begin(), 0);
    MUSTER_CHECK_LT(*distinct.rbegin(), (*router)->num_groups());
  }
  return 0;
}
