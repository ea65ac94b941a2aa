#include "muster/benchmarks/dispatch/dispatch_grid.h"

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_matchers.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;

class DispatchGridTest : public ::testing::Test {
 protected:
  DispatchGridTest()
      : out_(::testing::TempDir() + "/dispatch_grid_" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(out_);
  }

  std::unique_ptr<Experiment> Start() {
    std::vector<std::string> arguments = {
        "program", "--out=" + out_, "--seeds=2", "--seed=7", "--threads=1"};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    auto experiment = Experiment::Start(static_cast<int>(argv.size()),
                                        argv.data(), {.name = "example"});
    EXPECT_THAT(experiment, IsOk());
    return *std::move(experiment);
  }
  // Two methods; the data of `interrupted_seed` raises a signal when made.
  static DispatchGrid Grid(uint64_t interrupted_seed) {
    return {
        .name = "g",
        .data =
            [interrupted_seed](uint64_t seed, const runtime::Runtime& runtime) {
              if (seed == interrupted_seed) std::raise(SIGINT);
              return GridData({.train_rows = 400, .test_rows = 100}, seed,
                              runtime);
            },
        .methods = {RandomMethod(), KdTreeMethod()},
        .groups = {4},
        .run = {.sample_size = 200, .workers = 2}};
  }

  gflags::FlagSaver saver_;
  const std::string out_;
};

TEST_F(DispatchGridTest, HasTheRunsOfEverySeed) {
  const auto experiment = Start();
  DispatchGrid grid = Grid(0);
  std::vector<uint64_t> made;
  grid.data = [&made, make = grid.data](uint64_t seed,
                                        const runtime::Runtime& runtime) {
    made.push_back(seed);
    return make(seed, runtime);
  };
  const auto results = RunDispatchGrid(*experiment, std::move(grid));
  ASSERT_THAT(results, IsOk());
  ASSERT_TRUE(results->complete());
  EXPECT_EQ(made, (std::vector<uint64_t>{7, 8}));  // one thread: in order
  EXPECT_EQ(results->Accuracies(KdTreeMethod().key, 4).size(), 2u);
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 0);
  EXPECT_FALSE(std::filesystem::exists(out_ + "/tables"));
}

// The second seed's data comes with a signal, after the first seed's two runs.
TEST_F(DispatchGridTest, WhatIsFinishedWhenStoppedIsKept) {
  const auto experiment = Start();
  const auto results = RunDispatchGrid(*experiment, Grid(8));
  ASSERT_THAT(results, IsOk());
  EXPECT_FALSE(results->complete());
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 128 + SIGINT);
  const auto json = nlohmann::json::parse(
      runtime::ReadFile(out_ + "/results.json").value_or("null"));
  EXPECT_EQ(json["incomplete"], true);
  ASSERT_EQ(json["tables"].size(), 1u);
  EXPECT_EQ(json["tables"][0]["name"], "g.finished_runs");
  const auto& rows = json["tables"][0]["rows"];
  ASSERT_GE(rows.size(), 2u);
  EXPECT_LE(rows.size(), 3u);  // the run that was told may have ended
  EXPECT_EQ(rows[0][0], 7);
  EXPECT_EQ(rows[0][1], RandomMethod().label);
  EXPECT_EQ(rows[0][2], 4);
  EXPECT_GT(rows[0][3].get<double>(), 0);
}

}  // namespace
}  // namespace muster::benchmarks
