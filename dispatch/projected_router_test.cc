#include "muster/dispatch/projected_router.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/router_file.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kFeatures = 60;

std::unique_ptr<Router> MakeRouter() {
  const auto projection = RandomProjection::Create(
      {.num_features = kFeatures, .dimension = 24, .unit_length = true});
  EXPECT_THAT(projection, IsOk());
  runtime::Rng rng(3);
  PointSet centers{.dimension = 24};
  for (int i = 0; i < 9 * 24; ++i) {
    centers.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  auto behind = CenterRouter::Create({.centers = centers, .copies = 2});
  EXPECT_THAT(behind, IsOk());
  auto router = ProjectedRouter::Create(*projection, *std::move(behind));
  EXPECT_THAT(router, IsOk());
  return *std::move(router);
}

// Every third entry, and every tenth row without any.
TEST(ProjectedRouterTest, SparseAndDenseRowsGoTheSameWay) {
  runtime::Rng rng(runtime::TestSeed());
  constexpr int64_t kRows = 700;
  PointSet dense{.dimension = kFeatures};
  std::vector<int64_t> row_begin = {0};
  std::vector<int32_t> columns;
  std::vector<float> values;
  for (int64_t r = 0; r < kRows; ++r) {
    for (int32_t m = 0; m < kFeatures; ++m) {
      const bool present = r % 10 != 0 && runtime::UniformInt(rng, 3) == 0;
      const auto value = static_cast<float>(runtime::Normal(rng));
      dense.values.push_back(present ? value : 0);
      if (!present) continue;
      columns.push_back(m);
      values.push_back(value);
    }
    row_begin.push_back(static_cast<int64_t>(columns.size()));
  }
  const std::unique_ptr<Router> router = MakeRouter();
  const ProjectedRouter* sparse = ProjectedRouter::From(*router);
  ASSERT_NE(sparse, nullptr);
  std::vector<int32_t> expected(2 * kRows), actual(2 * kRows);
  ASSERT_THAT(router->Route(dense.View(), expected), IsOk());
  const SparseRowsView rows{kFeatures, row_begin, columns, values};
  for (const int threads : {1, 2, 3, 8}) {
    ASSERT_THAT(sparse->RouteSparse(rows, actual, {.threads = threads}),
                IsOk());
    EXPECT_EQ(actual, expected);
  }
  // By way of a file, and of the projection's points.
  const auto loaded = DecodeRouterFile(EncodeRouterFile(*router), "memory");
  ASSERT_THAT(loaded, IsOk());
  sparse = ProjectedRouter::From(**loaded);
  ASSERT_NE(sparse, nullptr);
  ASSERT_THAT(sparse->RouteSparse(rows, actual), IsOk());
  EXPECT_EQ(actual, expected);
  const auto points = sparse->projection().Project(rows);
  ASSERT_THAT(points, IsOk());
  ASSERT_THAT(sparse->router().Route(points->View(), actual), IsOk());
  EXPECT_EQ(actual, expected);
}

TEST(ProjectedRouterTest, OtherKindsAreNotProjected) {
  const auto center =
      CenterRouter::Create({.centers = {.values = {1}, .dimension = 1}});
  ASSERT_THAT(center, IsOk());
  EXPECT_EQ(ProjectedRouter::From(**center), nullptr);
}

TEST(ProjectedRouterTest, NamesWhatIsWrong) {
  const std::unique_ptr<Router> router = MakeRouter();
  const ProjectedRouter& sparse = *ProjectedRouter::From(*router);
  std::vector<int32_t> groups = {-7, -7};
  const std::vector<int64_t> row_begin = {0, 1};
  const std::vector<int32_t> columns = {60};
  const std::vector<float> values = {1};
  EXPECT_THAT(sparse.RouteSparse({59, row_begin, columns, values}, groups),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("have 59 columns, expected 60")));
  EXPECT_THAT(
      sparse.RouteSparse({kFeatures, row_begin, columns, values}, groups),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("row 0 has column 60")));
  EXPECT_THAT(groups, ElementsAre(-7, -7));
  const auto projection =
      RandomProjection::Create({.num_features = 8, .dimension = kFeatures});
  ASSERT_THAT(projection, IsOk());
  EXPECT_THAT(ProjectedRouter::Create(*projection, MakeRouter()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cannot be behind")));
  auto center =
      CenterRouter::Create({.centers = {.values = {1}, .dimension = 1}});
  ASSERT_THAT(center, IsOk());
  EXPECT_THAT(ProjectedRouter::Create(*projection, *std::move(center)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("1 features, but the projection makes 60")));
}

}  // namespace
}  // namespace muster::dispatch
