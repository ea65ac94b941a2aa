#include "muster/tools/stop_signal.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "gtest/gtest.h"

namespace muster::tools {
namespace {

TEST(StopSignalTest, EachSignalSetsTheFlag) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    CatchStopSignals("stopping\n");
    EXPECT_FALSE(StopRequested());
    EXPECT_EQ(StopSignal(), 0);
    raise(number);
    EXPECT_TRUE(StopRequested());
    EXPECT_EQ(StopSignal(), number);
  }
}

TEST(StopSignalDeathTest, ASecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        CatchStopSignals("stopping\n");
        raise(SIGHUP);
        raise(SIGTERM);
      },
      ::testing::ExitedWithCode(128 + SIGTERM), "stopping");
}

TEST(StopSignalTest, AnIgnoredHangupStaysIgnored) {
  std::signal(SIGHUP, SIG_IGN);
  CatchStopSignals("stopping\n");
  raise(SIGHUP);
  EXPECT_FALSE(StopRequested());
  std::signal(SIGHUP, SIG_DFL);
}

TEST(StopSignalTest, AClosedPipeIsAnErrorOfWriting) {
  CatchStopSignals("stopping\n");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
  EXPECT_FALSE(StopRequested());
  // What exec() resets: a program started from here dies of a closed pipe.
  struct sigaction action = {};
  ASSERT_EQ(sigaction(SIGPIPE, nullptr, &action), 0);
  EXPECT_NE(action.sa_handler, SIG_IGN);
}

}  // namespace
}  // namespace muster::tools
