#include "muster/dispatch/router_contract.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/router_file.h"
#include "muster/dispatch/routers.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<int32_t> Routes(const Router& router, PointsView points,
                            int threads = 1) {
  std::vector<int32_t> groups(
      static_cast<size_t>(points.size * router.copies()), -1);
  EXPECT_THAT(router.Route(points, groups, {.threads = threads}), IsOk());
  return groups;
}

void CheckGroups(const Router& router, PointsView points) {
  const std::vector<int32_t> groups = Routes(router, points);
  const int64_t p = router.copies();
  for (int64_t j = 0; j < points.size; ++j) {
    std::set<int32_t> mine;
    for (int64_t r = 0; r < p; ++r) {
      const int32_t group = groups[j * p + r];
      EXPECT_GE(group, 0);
      EXPECT_LT(group, router.num_groups());
      mine.insert(group);
    }
    EXPECT_EQ(static_cast<int64_t>(mine.size()), p) << "point " << j;
  }
}

void CheckBatches(const Router& router, PointsView points) {
  const std::vector<int32_t> all = Routes(router, points);
  for (const int threads : {2, 3, 8}) {
    EXPECT_EQ(Routes(router, points, threads), all) << threads << " threads";
  }
  const int64_t p = router.copies();
  runtime::Rng rng(7);
  std::vector<int32_t> cut;
  for (int64_t begin = 0; begin < points.size;) {
    const int64_t count =
        std::min(points.size - begin, 1 + runtime::UniformInt(rng, 700));
    const auto part = Routes(router, points.Slice(begin, count));
    cut.insert(cut.end(), part.begin(), part.end());
    begin += count;
  }
  EXPECT_EQ(cut, all);
  for (int64_t j = 0; j < std::min<int64_t>(points.size, 200); ++j) {
    std::vector<int32_t> groups(static_cast<size_t>(p), -1);
    EXPECT_THAT(router.RouteOne(points.Point(j), groups), IsOk());
    EXPECT_TRUE(std::equal(groups.begin(), groups.end(), &all[j * p]))
        << "point " << j;
  }
  EXPECT_THAT(router.Route(points.Slice(0, 0), {}), IsOk());
}

void CheckZeros(const Router& router) {
  PointSet zeros{.values = std::vector<float>(
                     static_cast<size_t>(router.dimension()), 0.0f),
                 .dimension = router.dimension()};
  const auto routes = Routes(router, zeros.View());
  for (float& value : zeros.values) value = -0.0f;
  EXPECT_EQ(Routes(router, zeros.View()), routes);
}

// Every choice of p - 1 lost groups leaves every point one, for p <= 3.
void CheckLosses(const Router& router, PointsView points) {
  const int64_t k = router.num_groups(), p = router.copies();
  if (p < 2 || p > 3) return;
  const PointsView some = points.Slice(0, std::min<int64_t>(points.size, 100));
  const std::vector<int32_t> groups = Routes(router, some);
  for (int64_t a = 0; a < k; ++a) {
    for (int64_t b = p == 2 ? a : 0; b <= a; ++b) {
      std::vector<char> alive(static_cast<size_t>(k), 1);
      alive[a] = alive[b] = 0;
      for (int64_t j = 0; j < some.size; ++j) {
        const int32_t first =
            FirstLiveGroup(std::span(groups).subspan(static_cast<size_t>(j * p),
                                                     static_cast<size_t>(p)),
                           alive);
        EXPECT_GE(first, 0) << "point " << j << " without " << a << ", " << b;
        EXPECT_NE(first, a);
        EXPECT_NE(first, b);
      }
    }
  }
}

void CheckErrors(const Router& router) {
  const int64_t d = router.dimension(), p = router.copies();
  std::vector<int32_t> groups(static_cast<size_t>(3 * p), -7);
  const std::vector<int32_t> untouched = groups;
  const std::vector<float> values(static_cast<size_t>(3 * (d + 1)), 0.5f);
  EXPECT_THAT(router.Route({values.data(), 3, d + 1}, groups),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(std::to_string(d + 1)),
                             HasSubstr("expected " + std::to_string(d)))));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    std::vector<float> damaged(static_cast<size_t>(3 * d), 0.5f);
    damaged[2 * d - 1] = bad;
    EXPECT_THAT(router.Route({damaged.data(), 3, d}, groups),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("row 1"),
                               HasSubstr("column " + std::to_string(d - 1)))));
  }
  EXPECT_EQ(groups, untouched);
}

void CheckRoundTrip(const Router& router, PointsView points) {
  const std::string path =
      testing::TempDir() + "/router_contract_" +
      std::string(router.kind().data(), router.kind().size()) + "_" +
      std::to_string(router.copies());
  ASSERT_THAT(SaveRouter(router, path), IsOk());
  const absl::StatusOr<std::unique_ptr<Router>> loaded = LoadRouter(path);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ((*loaded)->kind(), router.kind());
  EXPECT_EQ((*loaded)->dimension(), router.dimension());
  EXPECT_EQ((*loaded)->num_groups(), router.num_groups());
  EXPECT_EQ((*loaded)->copies(), router.copies());
  EXPECT_EQ((*loaded)->EncodeState(), router.EncodeState());
  EXPECT_EQ(Routes(**loaded, points), Routes(router, points));
}

void CheckDamagedFiles(const Router& router) {
  const std::string bytes = EncodeRouterFile(router);
  ASSERT_THAT(DecodeRouterFile(bytes, "whole"), IsOk());
  EXPECT_FALSE(DecodeRouterFile(bytes + '\0', "long").ok());
  int64_t accepted = 0;
  for (size_t length = 0; length < bytes.size(); ++length) {
    accepted += DecodeRouterFile(bytes.substr(0, length), "cut").ok();
  }
  std::string damaged = bytes;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    damaged[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    accepted += DecodeRouterFile(damaged, "flipped").ok();
    damaged[bit / 8] = bytes[bit / 8];
  }
  EXPECT_EQ(accepted, 0) << "damaged files were read";
}

// Behind a right checksum anything may stand.
void CheckDamagedStates(const Router& router, PointsView points) {
  const std::string state = router.EncodeState();
  runtime::Rng rng(11);
  for (int trial = 0; trial < 400; ++trial) {
    std::string damaged = state;
    for (int64_t i = 1 + runtime::UniformInt(rng, 3); i > 0; --i) {
      const int64_t at =
          runtime::UniformInt(rng, static_cast<int64_t>(damaged.size()));
      damaged[at] = static_cast<char>(runtime::UniformInt(rng, 256));
    }
    const auto other = DecodeRouter(router.kind(), damaged);
    if (other.ok() && (*other)->dimension() == points.dimension &&
        (*other)->copies() <= 16) {
      (void)Routes(**other, points.Slice(0, 3));
    }
  }
}

}  // namespace

void CheckRouterContract(const Router& router, PointsView points) {
  ASSERT_EQ(points.dimension, router.dimension());
  ASSERT_GE(router.num_groups(), router.copies());
  ASSERT_GE(router.copies(), 1);
  CheckGroups(router, points);
  CheckBatches(router, points);
  CheckZeros(router);
  CheckLosses(router, points);
  CheckErrors(router);
}

void CheckRouterFileContract(const Router& router, PointsView points) {
  CheckRoundTrip(router, points);
  CheckDamagedFiles(router);
  CheckDamagedStates(router, points);
}

}  // namespace muster::dispatch
