#include "muster/tools/progress.h"

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::tools {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class ProgressTest : public ::testing::Test {
 protected:
  ProgressOptions Options(bool terminal) {
    return {.terminal = terminal,
            .now_seconds = [this] { return now_; },
            .write =
                [this](absl::string_view text) {
                  output_.append(text.data(), text.size());
                }};
  }

  double now_ = 100;
  std::string output_;
};

TEST_F(ProgressTest, PlainLinesComeEveryFewSeconds) {
  ProgressPrinter printer(Options(false));
  for (int i = 0; i <= 100; ++i) {
    now_ = 100 + 0.25 * i;
    EXPECT_TRUE(printer.OnProgress({"rounds", 10 * i, 1000, kNan, kNan}));
  }
  printer.Finish();
  const std::vector<std::string> lines = absl::StrSplit(output_, '\n');
  // At 0, 5, 10, 15, 20, 25 seconds; the last is also the end.
  ASSERT_EQ(lines.size(), 7);
  EXPECT_EQ(lines[0], "rounds [>                   ] 0.0%  0/1k  0:00");
  EXPECT_EQ(
      lines[2],
      "rounds [========>           ] 40.0%  400/1k  40/s  0:10 left 0:15");
  EXPECT_EQ(
      lines[5],
      "rounds [====================] 100.0%  1k/1k  40/s  0:25 left 0:00");
  EXPECT_EQ(lines[6], "");
}

TEST_F(ProgressTest, ATerminalHasOneLineThatFits) {
  ProgressOptions options = Options(true);
  options.width = 40;
  ProgressPrinter printer(options);
  printer.OnProgress({"a rather long name of a phase", 1, 2, 12.5, 0.125});
  now_ += 0.05;  // too soon to redraw
  printer.OnProgress({"a rather long name of a phase", 2, 2, kNan, kNan});
  EXPECT_EQ(output_, "\r\x1b[K" + std::string("a rather long name of a phase "
                                              "[========"));
  printer.Finish();
  EXPECT_TRUE(absl::EndsWith(output_, "[========\n")) << output_;
  const std::string before = output_;
  printer.Finish();  // says nothing more
  EXPECT_EQ(output_, before);
}

// Work that came from a checkpoint does not count for the rate.
TEST_F(ProgressTest, TheRateIsOfThisProcess) {
  ProgressPrinter printer(Options(false));
  printer.OnProgress({"p", 900, 1000, kNan, kNan});
  now_ += 10;
  printer.OnProgress({"p", 910, 1000, kNan, kNan});
  EXPECT_THAT(output_, HasSubstr("91.0%  910/1k  1/s  0:10 left 1:30"));
}

TEST_F(ProgressTest, UnknownTotalClockAndObjective) {
  ProgressPrinter printer(Options(false));
  printer.OnProgress({"events", 0, -1, kNan, kNan});
  now_ += 6;
  printer.OnProgress({"events", 1'500'000, -1, 3.5e6, 0.25});
  EXPECT_THAT(output_,
              HasSubstr("events 1.5M  250k/s  0:06  objective 0.25  clock "
                        "3.5e+06 s\n"));
}

TEST_F(ProgressTest, ANewPhaseStartsItsOwnClock) {
  ProgressPrinter printer(Options(false));
  printer.OnProgress({"one", 0, 10, kNan, kNan});
  now_ += 1;
  printer.OnProgress({"one", 10, 10, kNan, kNan});
  now_ += 1;
  printer.OnProgress({"two", 0, 10, kNan, kNan});
  const std::vector<std::string> lines = absl::StrSplit(output_, '\n');
  ASSERT_EQ(lines.size(), 4);
  EXPECT_THAT(lines[1], HasSubstr("one [====================] 100.0%"));
  EXPECT_THAT(lines[2], HasSubstr("two [>"));
  EXPECT_THAT(lines[2], HasSubstr("0:00"));
}

TEST_F(ProgressTest, PrintLineKeepsTheProgressLineLast) {
  ProgressPrinter printer(Options(true));
  printer.OnProgress({"p", 1, 2, kNan, kNan});
  output_.clear();
  printer.PrintLine("note");
  EXPECT_THAT(output_, ::testing::StartsWith("\r\x1b[Knote\n\r\x1b[Kp ["));
}

TEST_F(ProgressTest, ManyThreadsMayReport) {
  ProgressOptions options = Options(false);
  options.refresh_seconds = 0;
  ProgressPrinter printer(options);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&printer] {
      for (int i = 0; i < 250; ++i) {
        printer.OnProgress({"p", i, 1000, kNan, kNan});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> lines = absl::StrSplit(output_, '\n');
  EXPECT_EQ(lines.size(), 1001);
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    ASSERT_THAT(lines[i], ::testing::StartsWith("p ["));
  }
}

TEST(FormatTest, Durations) {
  EXPECT_EQ(FormatDuration(0.4), "0:00");
  EXPECT_EQ(FormatDuration(65), "1:05");
  EXPECT_EQ(FormatDuration(3 * 3600 + 125), "3:02:05");
  EXPECT_EQ(FormatDuration(2 * 86400 + 4 * 3600 + 600), "2d 04:10");
  EXPECT_EQ(FormatDuration(kNan), "?");
  EXPECT_EQ(FormatDuration(-1), "?");
  EXPECT_EQ(FormatDuration(INFINITY), "?");
}

TEST(FormatTest, Counts) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(999.7), "1k");
  EXPECT_EQ(FormatCount(52'100), "52.1k");
  EXPECT_EQ(FormatCount(1'380'000), "1.38M");
  EXPECT_EQ(FormatCount(2.5e18), "2.5e+03P");
}

}  // namespace
}  // namespace muster::tools
