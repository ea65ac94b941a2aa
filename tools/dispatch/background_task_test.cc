#include "muster/tools/dispatch/background_task.h"

#include <atomic>
#include <future>
#include <memory>
#include <utility>

#include "gtest/gtest.h"

namespace muster::tools::dispatch {
namespace {

TEST(BackgroundTaskTest, WaitsForTheWork) {
  EXPECT_TRUE(BackgroundTask().Wait({}));
  const auto result = std::make_shared<int>(0);
  BackgroundTask task([result] { *result = 1; });
  EXPECT_TRUE(task.Wait({}));
  EXPECT_EQ(*result, 1);
  EXPECT_TRUE(task.Wait({}));
  task = BackgroundTask([result] { *result = 2; });
  BackgroundTask moved = std::move(task);
  EXPECT_TRUE(moved.Wait({}));
  EXPECT_EQ(*result, 2);
}

TEST(BackgroundTaskTest, LeavesWorkThatDoesNotEnd) {
  std::promise<void> go_on, ended;
  const auto wait = std::make_shared<std::future<void>>(go_on.get_future());
  std::atomic<bool> stop = true;
  {
    BackgroundTask task([wait, &ended] {
      wait->wait();
      ended.set_value();
    });
    EXPECT_FALSE(task.Wait({.stop = &stop}));
  }
  go_on.set_value();
  ended.get_future().wait();
}

TEST(BackgroundTaskTest, AStopIsSeenWhileWaiting) {
  std::promise<void> go_on, ended;
  const auto wait = std::make_shared<std::future<void>>(go_on.get_future());
  std::atomic<bool> stop = false;
  BackgroundTask task([wait, &stop, &ended] {
    stop = true;
    wait->wait();
    ended.set_value();
  });
  EXPECT_FALSE(task.Wait({.stop = &stop}));
  go_on.set_value();
  ended.get_future().wait();
}

}  // namespace
}  // namespace muster::tools::dispatch
