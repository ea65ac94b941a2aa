// The contract over every member of the table (clusterers.h), and the table
// itself.

#include "muster/dispatch/clusterer_contract.h"

#include <memory>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clusterers.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// Members that solve programmes get fewer and smaller instances.
ContractSize SizeFor(absl::string_view name) {
  if (name == "lp_rounding" || name == "k_center") return {100, 12};
  if (name == "exact") return {60, 7};
  return {};
}

class ClustererContractTest
    : public testing::TestWithParam<const ClustererEntry*> {};

TEST_P(ClustererContractTest, Holds) {
  const auto clusterer = CreateClusterer(GetParam()->name);
  ASSERT_THAT(clusterer, IsOk());
  EXPECT_EQ((*clusterer)->name(), GetParam()->name);
  CheckClustererContract(**clusterer, SizeFor(GetParam()->name));
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
