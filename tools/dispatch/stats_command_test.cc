#include "muster/tools/dispatch/stats_command.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_matchers.h"
#include "muster/tools/dispatch/command.h"
#include "muster/tools/dispatch/manifest.h"

namespace muster::tools::dispatch {
namespace {

namespace fs = std::filesystem;
using runtime::IsOk;
using runtime::StatusIs;

constexpr int64_t kRows = 20'000;

// Keeps what it is told, and asks to stop at one of these reports.
class Listener : public runtime::Observer {
 public:
  explicit Listener(size_t stop_at) : stop_at_(stop_at) {}
  bool OnProgress(const runtime::Progress& progress) override {
    done_.push_back(progress.done);
    total_ = progress.total;
    return done_.size() < stop_at_;
  }
  const std::vector<int64_t>& done() const { return done_; }
  int64_t total() const { return total_; }

 private:
  const size_t stop_at_;
  std::vector<int64_t> done_;
  int64_t total_ = 0;
};

// Two shards of 20,000 rows and one without any.
std::string WriteShards() {
  const std::string folder = ::testing::TempDir() + "/stats_command";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::string text;
  for (int64_t row = 0; row < kRows; ++row) text += "1 1:0.5\n";
  const auto bytes = static_cast<int64_t>(text.size());
  std::ofstream(folder + "/a") << text;
  std::ofstream(folder + "/b") << text;
  std::ofstream(folder + "/c");
  std::ofstream(folder + "/manifest.json") << FormatManifest(
      {.format = "libsvm",
       .rows = 2 * kRows,
       .shards = {{.files = {"a"}, .bytes = {bytes}, .rows = kRows},
                  {.files = {"b"}, .bytes = {bytes}, .rows = kRows},
                  {.files = {"c"}, .bytes = {0}, .rows = 0}}});
  return folder;
}

absl::Status Verify(const std::string& folder, runtime::Observer* observer) {
  const auto ignore = [](absl::string_view) {};
  return RunStats(
      {.shards = folder, .verify = true},
      {.runtime = {.observer = observer}, .print = ignore, .warn = ignore});
}

TEST(StatsCommandTest, VerifyingTellsTheBytesReadAndStopsWithinAShard) {
  const std::string folder = WriteShards();
  Listener whole(/*stop_at=*/1000);
  EXPECT_THAT(Verify(folder, &whole), IsOk());
  ASSERT_GT(whole.done().size(), 6u);
  EXPECT_TRUE(std::is_sorted(whole.done().begin(), whole.done().end()));
  EXPECT_EQ(whole.done().back(), whole.total());
  EXPECT_EQ(whole.total(), 2 * kRows * 8);
  Listener early(/*stop_at=*/2);
  EXPECT_THAT(Verify(folder, &early), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(early.done().size(), 2u);
}

}  // namespace
}  // namespace muster::tools::dispatch
