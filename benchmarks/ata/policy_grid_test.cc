#include "muster/benchmarks/ata/policy_grid.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_matchers.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::StatusIs;

namespace fs = std::filesystem;

class PolicyGridTest : public ::testing::Test {
 protected:
  PolicyGridTest()
      : out_(::testing::TempDir() + "/policy_grid_" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name()),
        workers_(*MakeWorkers(LawFamily::kLinear, 17)) {
    fs::remove_all(out_);
  }

  std::unique_ptr<Experiment> Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"program", "--out=" + out_});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    auto experiment = Experiment::Start(static_cast<int>(argv.size()),
                                        argv.data(), {.name = "example"});
    EXPECT_THAT(experiment, IsOk());
    return *std::move(experiment);
  }
  std::vector<GridRun> Runs(int64_t rounds) const {
    return {{.name = "n17",
             .workers = &workers_,
             .options = {.policy = OracleFixed(), .rounds = rounds}}};
  }
  // Whether a run of the grid has ended and left its checkpoint.
  bool AnyRunEnded() const {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(out_, error), end;
         !error && entry != end; entry.increment(error)) {
      if (entry->path().filename().string().ends_with(".done.checkpoint")) {
        return true;
      }
    }
    return false;
  }

  gflags::FlagSaver saver_;
  const std::string out_;
  const Workers workers_;
};

TEST_F(PolicyGridTest, HasTheRunsOfEverySeed) {
  const auto experiment = Start({"--seeds=2", "--seed=5"});
  const auto runs = RunGrid(*experiment, "s", Runs(100));
  ASSERT_THAT(runs, IsOk());
  const std::vector<PolicyRun>& by_seed = runs->at("n17", OracleFixed().key);
  ASSERT_EQ(by_seed.size(), 2u);
  EXPECT_EQ(by_seed[0].last().round, 100);
  EXPECT_NE(by_seed[0].last().runtime_seconds,
            by_seed[1].last().runtime_seconds);
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 0);
  EXPECT_FALSE(fs::exists(out_ + "/tables"));
}

// Far more runs than there is time for: a signal comes when the first ended.
TEST_F(PolicyGridTest, WhatIsFinishedWhenStoppedIsKept) {
  const auto experiment =
      Start({"--seeds=5000", "--threads=1", "--figures=false"});
  std::atomic<bool> over = false;
  std::thread interrupter([&] {
    while (!over && !AnyRunEnded()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::raise(SIGTERM);
  });
  const auto runs = RunGrid(*experiment, "s", Runs(50'000));
  over = true;
  interrupter.join();
  EXPECT_THAT(runs, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(experiment->Finish(runs.status()), 128 + SIGTERM);
  const auto json = nlohmann::json::parse(
      runtime::ReadFile(out_ + "/results.json").value_or("null"));
  EXPECT_EQ(json["incomplete"], true);
  ASSERT_EQ(json["tables"].size(), 1u);
  EXPECT_EQ(json["tables"][0]["name"], "s.finished_runs");
  const auto& rows = json["tables"][0]["rows"];
  ASSERT_GE(rows.size(), 1u);
  EXPECT_LT(rows.size(), 5000u);
  EXPECT_EQ(rows[0][0], "n17");
  EXPECT_EQ(rows[0][1], OracleFixed().key);
  EXPECT_EQ(rows[0][2], 1);
  EXPECT_EQ(rows[0][3], 50'000);
  EXPECT_NEAR(rows[0][4].get<double>(), 50'000 * rows[0][6].get<double>(),
              1e-6 * rows[0][4].get<double>());
}

}  // namespace
}  // namespace muster::benchmarks
