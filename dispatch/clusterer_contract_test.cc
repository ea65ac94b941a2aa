// The contract over every member of the table (clusterers.h), and the table
// itself.

#include "muster/dispatch/clusterer_contract.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clusterers.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// Members that solve programmes get fewer and smaller instances; the solver's
// tolerances are absolute, so that scaled points may take it to another optimum
// of the same cost.
ContractOptions OptionsFor(absl::string_view name) {
  if (name == "lp_rounding") {
    return {.instances = 100,
            .max_points = 12,
            .large_points = 40,
            .large_metric_points = 40,
            .scales_exactly = false};
  }
  if (name == "k_center") {
    return {.instances = 100,
            .max_points = 12,
            .large_metric_points = 66,
            .scales_exactly = false};
  }
  if (name == "exact") {
    return {.instances = 60,
            .max_points = 7,
            .large_points = 24,
            .large_metric_points = 24,
            .scales_exactly = false};
  }
  if (name == "stability") return {};
  // Blocks of the exact assignment have 16,384 points.
  return {.large_points = 20000};
}

class ClustererContractTest
    : public testing::TestWithParam<const ClustererEntry*> {};

TEST_P(ClustererContractTest, Holds) {
  const auto clusterer = CreateClusterer(GetParam()->name);
  ASSERT_THAT(clusterer, IsOk());
  EXPECT_EQ((*clusterer)->name(), GetParam()->name);
  CheckClustererContract(**clusterer, OptionsFor(GetParam()->name));
}

TEST_P(ClustererContractTest, RefusesMorePointsThanItCanNumber) {
  const auto clusterer = CreateClusterer(GetParam()->name);
  ASSERT_THAT(clusterer, IsOk());
  // Refused before any value is read: there are but two.
  const PointSet points{.values = {0, 1}, .dimension = 1};
  ClusteringProblem problem{
      .points = points.View(), .num_clusters = 2, .copies = 2};
  problem.points.size = int64_t{1} << 31;
  EXPECT_THAT((*clusterer)->Cluster(problem, Rng(1), {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("2147483648 points, need at most")));
}

std::vector<const ClustererEntry*> Entries() {
  std::vector<const ClustererEntry*> entries;
  for (const ClustererEntry& entry : ClustererTable())
    entries.push_back(&entry);
  return entries;
}

INSTANTIATE_TEST_SUITE_P(All, ClustererContractTest,
                         testing::ValuesIn(Entries()), [](const auto& info) {
                           return std::string(info.param->name);
                         });

TEST(ClusterersTest, NamesAreDistinctAndDescribed) {
  std::set<std::string> names;
  for (const ClustererEntry& entry : ClustererTable()) {
    EXPECT_TRUE(names.insert(std::string(entry.name)).second) << entry.name;
    EXPECT_FALSE(entry.description.empty());
  }
}

TEST(ClusterersTest, AnUnknownNameListsThoseThatExist) {
  EXPECT_THAT(CreateClusterer("kmeans"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("merge_split")));
}

TEST(ClusterersTest, WrongOptionsAreNamed) {
  EXPECT_THAT(
      CreateClusterer("merge_split", {.merge_split = {.max_iterations = -2}}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("max_iterations is -2")));
}

}  // namespace
}  // namespace muster::dispatch
