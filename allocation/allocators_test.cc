#include "muster/allocation/allocators.h"

#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_contract.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/score_allocation.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string Text(absl::string_view text) {
  return std::string(text.data(), text.size());
}

AllocatorOptions OptionsFor(const ContractCase& c) {
  AllocatorOptions options;
  options.num_workers = c.num_workers;
  options.budget = c.budget;
  options.seed = c.seed;
  options.alpha = 0.5;
  options.eta = 0.2;
  options.true_means = c.true_means;
  options.window = 20;
  options.discount = 0.9;
  options.probe_period = 4;
  options.change_threshold = 3;
  return options;
}

class TableTest : public testing::TestWithParam<AllocatorEntry> {};

TEST_P(TableTest, KeepsTheContract) {
  CheckAllocatorContract([](const ContractCase& c) {
    AllocatorOptions options = OptionsFor(c);
    if (GetParam().name != "ofta") options.true_means.clear();
    auto allocator = CreateAllocator(GetParam().name, options);
    EXPECT_THAT(allocator, IsOk());
    return *std::move(allocator);
  });
}

TEST_P(TableTest, KeepsTheContractWithOtherOptions) {
  CheckAllocatorContract([](const ContractCase& c) {
    AllocatorOptions options = OptionsFor(c);
    options.true_deviations = c.true_deviations;
    options.width_kind = WidthKind::kAbsolute;
    options.zero_rule = ZeroRule::kRoundRobin;
    options.communication_seconds.assign(c.num_workers, 0.25);
    auto allocator = CreateAllocator(GetParam().name, options);
    EXPECT_THAT(allocator, IsOk());
    return *std::move(allocator);
  });
}

TEST_P(TableTest, HasItsNameAndADescription) {
  auto allocator =
      CreateAllocator(GetParam().name, OptionsFor({.num_workers = 2,
                                                   .budget = 3,
                                                   .seed = 1,
                                                   .true_means = {1, 2},
                                                   .true_deviations = {}}));
  ASSERT_THAT(allocator, IsOk());
  EXPECT_EQ((*allocator)->name(), GetParam().name);
  EXPECT_FALSE(GetParam().description.empty());
}

INSTANTIATE_TEST_SUITE_P(All, TableTest,
                         testing::ValuesIn(AllocatorTable().begin(),
                                           AllocatorTable().end()),
                         [](const auto& info) {
                           return Text(info.param.name);
                         });

TEST(AllocatorTableTest, NamesAreDistinct) {
  std::set<std::string> names;
  for (const AllocatorEntry& entry : AllocatorTable()) {
    EXPECT_TRUE(names.insert(Text(entry.name)).second) << entry.name;
  }
  EXPECT_EQ(names.size(), 15u);
}

TEST(CreateAllocatorTest, AnUnknownNameListsThoseThatExist) {
  EXPECT_THAT(CreateAllocator("atta", {.num_workers = 1, .budget = 1}),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("atta"), HasSubstr("ata_empirical"),
                             HasSubstr("thompson"))));
}

TEST(CreateAllocatorTest, MissingEssentialsAreNamed) {
  AllocatorOptions options{.num_workers = 2, .budget = 3};
  EXPECT_THAT(CreateAllocator("ata", options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("alpha is not set")));
  EXPECT_THAT(CreateAllocator("ofta", options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("true_means is empty")));
  EXPECT_THAT(CreateAllocator("discounted_ata", options), IsOk());
  options.width_kind = WidthKind::kAbsolute;
  EXPECT_THAT(CreateAllocator("discounted_ata", options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("alpha is not set")));
}

TEST(CreateAllocatorTest, WrongOptionsAreRefused) {
  EXPECT_THAT(CreateAllocator("uta", {.num_workers = 0, .budget = 3}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_workers is 0")));
}

struct BadOption {
  std::function<void(AllocatorOptions&)> spoil;
  const char* message;
};

TEST(AllocatorOptionsTest, EachClauseIsChecked) {
  const AllocatorOptions good{.num_workers = 2, .budget = 3};
  ASSERT_THAT(Validate(good), IsOk());
  using O = AllocatorOptions;
  const BadOption cases[] = {
      {[](O& o) { o.num_workers = 0; }, "num_workers is 0"},
      {[](O& o) { o.num_workers = -3; }, "num_workers is -3"},
      {[](O& o) { o.num_workers = 10'000'001; }, "num_workers is 10000001"},
      {[](O& o) { o.budget = 0; }, "budget is 0"},
      {[](O& o) { o.budget = int64_t{1} << 31; }, "budget is 2147483648"},
      {[](O& o) {
         o.num_workers = 10'000'000;
         o.budget = 2'000'000'000;
       },
       "num_workers * budget is 10000000 * 2000000000"},
      {[](O& o) { o.alpha = 0; }, "alpha is 0"},
      {[](O& o) { o.alpha = kInfinity; }, "alpha is inf"},
      {[](O& o) { o.eta = -1; }, "eta is -1"},
      {[](O& o) { o.eta = kNaN; }, "eta is nan"},
      {[](O& o) { o.width_constant = -0.5; }, "width_constant is -0.5"},
      {[](O& o) { o.communication_seconds = {1}; },
       "communication_seconds has 1 entries"},
      {[](O& o) {
         o.communication_seconds = {0, -1};
       },
       "communication_seconds[1] is -1"},
      {[](O& o) {
         o.true_means = {1, 2, 3};
       },
       "true_means has 3 entries"},
      {[](O& o) {
         o.true_means = {0, 1};
       },
       "true_means[0] is 0"},
      {[](O& o) {
         o.true_means = {1, kInfinity};
       },
       "true_means[1] is inf"},
      {[](O& o) {
         o.true_means = {1, 1};
         o.true_deviations = {1, -1};
       },
       "true_deviations[1] is -1"},
      {[](O& o) {
         o.true_deviations = {1, 1};
       },
       "true_means is empty"},
      {[](O& o) { o.window = 0; }, "window is 0"},
      {[](O& o) { o.discount = 1; }, "discount is 1"},
      {[](O& o) { o.discount = 0; }, "discount is 0"},
      {[](O& o) { o.change_ratio = 1; }, "change_ratio is 1"},
      {[](O& o) { o.change_threshold = 0; }, "change_threshold is 0"},
      {[](O& o) { o.probe_period = 0; }, "probe_period is 0"},
      {[](O& o) { o.deviation_weight = -1; }, "deviation_weight is -1"},
      {[](O& o) { o.top_m = 3; }, "top_m is 3"},
      {[](O& o) { o.top_m = -1; }, "top_m is -1"},
      {[](O& o) { o.runtime_weight = 1.5; }, "runtime_weight is 1.5"},
      {[](O& o) { o.prior_mean_seconds = 0; }, "prior_mean_seconds is 0"},
  };
  for (const BadOption& bad : cases) {
    AllocatorOptions options = good;
    bad.spoil(options);
    EXPECT_THAT(Validate(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr(bad.message)));
  }
}

}  // namespace
}  // namespace muster::allocation
