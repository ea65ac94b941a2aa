#include "muster/benchmarks/harness/figure.h"

#include <cmath>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

FigureSpec Example() {
  return {.name = "law",
          .title = "A law",
          .panels = {{.title = "time",
                      .x = {.label = "n", .scale = AxisSpec::Scale::kLog},
                      .y = {.label = "time", .unit = "s"},
                      .series = {{.label = "ATA", .x = {1, 10}, .y = {2, 3}}},
                      .references = {{.value = 1.07, .label = "paper"}}}}};
}

TEST(FigureTest, AWholeOneIsValid) { EXPECT_THAT(Validate(Example()), IsOk()); }

TEST(FigureTest, EachMistakeIsNamed) {
  const auto expect = [](const std::function<void(FigureSpec&)>& spoil,
                         const std::string& what) {
    FigureSpec figure = Example();
    spoil(figure);
    EXPECT_THAT(Validate(figure),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("figure '"), HasSubstr(what))));
  };
  expect([](auto& f) { f.name = "a/b"; }, "file name");
  expect([](auto& f) { f.panels.clear(); }, "no panel");
  expect([](auto& f) { f.columns = 0; }, "columns = 0");
  expect([](auto& f) { f.panels[0].series[0].x.clear(); }, "x is empty");
  expect([](auto& f) { f.panels[0].series[0].y.pop_back(); },
         "panel 0 ('time') series 'ATA': y has 1 values and x has 2");
  expect([](auto& f) { f.panels[0].series[0].low = {1, 2}; }, "low has 2");
  expect([](auto& f) { f.panels[0].series[0].kind = Series::Kind::kErrorBar; },
         "needs them");
  expect(
      [](auto& f) {
        f.panels[0].series[0].x = {0, -1};
      },
      "x has no positive value");
  expect(
      [](auto& f) {
        f.panels[0].y.scale = AxisSpec::Scale::kLog;
        f.panels[0].series[0].y = {0, 0};
      },
      "y has no positive value");
  expect([](auto& f) { f.panels[0].series[0].kind = Series::Kind::kBar; },
         "0 categories");
  expect([](auto& f) { f.panels[0].x.min = 0; }, "must be > 0 on a log axis");
  expect([](auto& f) { f.panels[0].y.min = f.panels[0].y.max = 3; },
         "must increase");
  expect([](auto& f) { f.panels[0].references[0].value = INFINITY; },
         "not at a finite value");
  expect(
      [](auto& f) {
        f.panels[0].gantt = {{.begin_seconds = 2, .end_seconds = 1}};
      },
      "gantt segment from 2 to 1");
}

TEST(FigureTest, JsonHasNullsForGapsAndTheLabelForAKey) {
  FigureSpec figure = Example();
  figure.panels[0].series[0].y[1] = std::nan("");
  const auto json = nlohmann::json::parse(FigureToJson(figure, true));
  EXPECT_EQ(json["incomplete"], true);
  const auto& series = json["panels"][0]["series"][0];
  EXPECT_EQ(series["key"], "ATA");
  EXPECT_EQ(series["kind"], "line");
  EXPECT_EQ(series["y"].dump(), "[2.0,null]");
  EXPECT_EQ(json["panels"][0]["x"]["log"], true);
  EXPECT_EQ(json["panels"][0]["y"]["unit"], "s");
  EXPECT_TRUE(json["panels"][0]["y"]["max"].is_null());
}

}  // namespace
}  // namespace muster::benchmarks
