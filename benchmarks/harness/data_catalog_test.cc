#include "muster/benchmarks/harness/data_catalog.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::StatusIs;
using ::testing::HasSubstr;
using Files = std::vector<std::string>;

constexpr char kManifest[] = R"({"sets": [
  {"name": "served", "files": [
    {"path": "s/x.gz", "sources": ["https://example.org/x"]}]},
  {"name": "made", "files": [
    {"path": "m/y", "sources": []}, {"path": "m/z"}]}]})";

TEST(DataCatalogTest, TellsWhatToFetchFromWhatToMake) {
  const auto catalog = DataCatalog::Parse(kManifest);
  ASSERT_THAT(catalog, IsOk());
  const DataAdvice both =
      catalog->Advice(Files{"m/y", "m/z", "s/x.gz", "unknown"}, "/data");
  EXPECT_EQ(both.fetch_command,
            "./bazelw run //tools/data -- fetch s/x.gz unknown --data_dir "
            "/data");
  EXPECT_EQ(both.by_hand,
            "no address serves made as it is: make it by hand as told by "
            "./bazelw run //tools/data -- list made and check it by ./bazelw "
            "run //tools/data -- verify made --data_dir /data");
  EXPECT_EQ(catalog->Advice(Files{"m/z"}, "").fetch_command, "");
  EXPECT_THAT(catalog->Advice(Files{"m/z"}, "").by_hand,
              HasSubstr("--data_dir FOLDER"));
  EXPECT_EQ(catalog->Advice(Files{"s/x.gz"}, "").by_hand, "");
}

// The manifest itself: MNIST is served, 20 Newsgroups is not.
TEST(DataCatalogTest, KnowsTheRealSets) {
  const DataAdvice advice = DataCatalog::BuiltIn().Advice(
      Files{"mnist/train-images-idx3-ubyte.gz",
            "bow/20news/docword.20news.train.txt.gz"},
      "/data");
  EXPECT_EQ(advice.fetch_command,
            "./bazelw run //tools/data -- fetch "
            "mnist/train-images-idx3-ubyte.gz --data_dir /data");
  EXPECT_THAT(advice.by_hand, HasSubstr("no address serves 20news"));
}

TEST(DataCatalogTest, WhatIsNoManifestIsSaid) {
  for (const char* text :
       {"", "[]", "{}", R"({"sets": [{}]})",
        R"({"sets": [{"name": "a", "files": [{"sources": []}]}]})"}) {
    EXPECT_THAT(DataCatalog::Parse(text), StatusIs(absl::StatusCode::kDataLoss))
        << text;
  }
}

}  // namespace
}  // namespace muster::benchmarks
