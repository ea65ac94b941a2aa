#include "muster/dispatch/router_file.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::unique_ptr<Router> SmallRouter() {
  auto router = PriceRouter::Create(
      {.centers = {.values = {0, 10}, .dimension = 1}, .prices = {2, 0}});
  EXPECT_THAT(router, IsOk());
  return *std::move(router);
}

// The format's promise: 8 magic bytes, version, kind, state, checksum.
// State: dimension, centres (count and floats), prices, copies, squared.
TEST(RouterFileTest, HasTheFormatOfTheHeader) {
  const std::string bytes = EncodeRouterFile(*SmallRouter());
  EXPECT_EQ(bytes.substr(0, 8), "MSTROUTE");
  EXPECT_EQ(bytes.substr(8, 4), std::string("\1\0\0\0", 4));
  EXPECT_EQ(bytes.substr(12, 13), std::string("\5\0\0\0\0\0\0\0price", 13));
  const size_t state = 8 + (8 + 2 * 4) + (8 + 2 * 8) + 8 + 1;
  EXPECT_EQ(bytes.size(), 25 + 8 + state + 4);
}

TEST(RouterFileTest, SavesAndLoads) {
  const std::string path = testing::TempDir() + "/router_file_test";
  ASSERT_THAT(SaveRouter(*SmallRouter(), path), IsOk());
  const auto loaded = LoadRouter(path);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(EncodeRouterFile(**loaded), EncodeRouterFile(*SmallRouter()));
}

TEST(RouterFileTest, ErrorsNameTheFileAndThePlace) {
  const std::string good = EncodeRouterFile(*SmallRouter());
  const auto error = [](const std::string& bytes) {
    return DecodeRouterFile(bytes, "r.bin").status();
  };
  EXPECT_THAT(error("label,x\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("r.bin: is not a router file"),
                             HasSubstr("fit"))));
  EXPECT_THAT(error(""), StatusIs(absl::StatusCode::kDataLoss,
                                  HasSubstr("r.bin: at byte 0")));
  EXPECT_THAT(error("MSTROUTE\1"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("at byte 9")));
  std::string bytes = good;
  bytes[8] = 2;
  EXPECT_THAT(error(bytes),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("byte 8"), HasSubstr("version is 2"),
                             HasSubstr("reads 1"), HasSubstr("fit the"))));
  EXPECT_THAT(error(good.substr(0, good.size() - 9)),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("r.bin: at byte"),
                             HasSubstr("cut short or damaged"))));
  bytes = good;
  bytes[60] ^= 1;
  EXPECT_THAT(error(bytes), StatusIs(absl::StatusCode::kDataLoss,
                                     AllOf(HasSubstr("checksum"),
                                           HasSubstr("fit the router again"))));
}

// A router of a kind that this program does not have.
class ForeignRouter final : public Router {
 public:
  explicit ForeignRouter(absl::string_view kind) : kind_(kind) {}
  absl::string_view kind() const override { return kind_; }
  int64_t dimension() const override { return 1; }
  int64_t num_groups() const override { return 1; }
  int64_t copies() const override { return 1; }
  std::string EncodeState() const override { return "state"; }

 private:
  void RouteChecked(PointsView, std::span<int32_t>,
                    const runtime::Runtime&) const override {}
  absl::string_view kind_;
};

TEST(RouterFileTest, UnknownKindsAndStatesAreRefused) {
  EXPECT_THAT(
      DecodeRouterFile(EncodeRouterFile(ForeignRouter("foreign")), "f.bin"),
      StatusIs(absl::StatusCode::kNotFound,
               AllOf(HasSubstr("f.bin: no router is of kind foreign"),
                     HasSubstr("price"))));
  EXPECT_THAT(
      DecodeRouterFile(EncodeRouterFile(ForeignRouter("price")), "f.bin"),
      StatusIs(absl::StatusCode::kDataLoss,
               HasSubstr("f.bin: state of the price router")));
}

TEST(RouterFileTest, MissingFilesAndFoldersAreNamed) {
  EXPECT_THAT(
      LoadRouter(testing::TempDir() + "/no_such_router"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("no_such_router")));
  EXPECT_THAT(SaveRouter(*SmallRouter(), testing::TempDir() + "/none/r"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none/r")));
  const std::string path = testing::TempDir() + "/empty_router";
  ASSERT_THAT(runtime::WriteFileAtomically(path, ""), IsOk());
  EXPECT_THAT(LoadRouter(path),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("empty_router")));
}

}  // namespace
}  // namespace muster::dispatch
