// Experiments here are shell scripts, so that each way to end can be had.

#include "muster/benchmarks/reproduction.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::benchmarks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What an experiment leaves; the verdict is put in for VERDICT.
constexpr char kWriteResults[] = R"sh(
out=${1#--out=}
echo "flags: $2 $3"
printf 'id,source,statement,paper,ours,low,high,seeds,verdict\n' \
  > "$out/claims.csv"
printf 'c,Table 1,says so,1,1,,,1,VERDICT\n' >> "$out/claims.csv"
printf '{"title": "T", "notes": ["n"], "missing_data": ["a.gz"], "flags":
  {"seed": "1"}, "tables": [{"name": "t", "columns": ["x"], "rows": [[0.5]]}]}' \
  > "$out/results.json"
printf '{"figures": "drawn"}' > "$out/run.json"
)sh";

std::string Writing(const std::string& verdict) {
  std::string script = kWriteResults;
  script.replace(script.find("VERDICT"), 7, verdict);
  return script;
}

class ReproductionTest : public ::testing::Test {
 protected:
  ReproductionTest()
      : root_(::testing::TempDir() + "/reproduction_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/muster/p");
    options_.out = root_ + "/out";
    options_.flags = {"--quick", "--threads=2"};
    options_.shown_flags = {"--quick"};
    options_.find_program =
        [this](absl::string_view program) -> absl::StatusOr<std::string> {
      const std::string path = absl::StrCat(root_, "/muster/", program);
      if (!std::filesystem::exists(path)) {
        return absl::NotFoundError(absl::StrCat("no ", program));
      }
      return path;
    };
  }

  void Add(const std::string& name, const std::string& script) {
    const std::string path = root_ + "/muster/p/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    List(name);
  }
  void List(const std::string& name) {
    list_.push_back(
        {.name = name, .label = "//p:" + name, .program = "p/" + name});
  }

  const std::string root_;
  ReproductionOptions options_;
  std::vector<ListedExperiment> list_;
};

TEST_F(ReproductionTest, GathersInTheListsOrder) {
  // Ends only after the other one.
  const std::string go = root_ + "/go";
  Add("slow",
      "until [ -e " + go + " ]; do sleep 0.01; done\n" + Writing("pass"));
  Add("fast", Writing("tie"));
  options_.jobs = 2;
  std::vector<std::string> ended;
  const auto outcomes =
      Reproduce(list_, options_, {.ended = [&](const Outcome& outcome) {
                  ended.push_back(outcome.name);
                  std::ofstream(go) << "go";
                }});
  EXPECT_THAT(ended, ElementsAre("fast", "slow"));
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].name, "slow");
  EXPECT_EQ(outcomes[0].command, "./bazelw run //p:slow -- --quick");
  EXPECT_EQ(outcomes[0].title, "T");
  EXPECT_THAT(outcomes[0].notes, ElementsAre("n"));
  EXPECT_EQ(outcomes[0].tables[0].rows[0][0], "0.5");
  EXPECT_EQ(outcomes[1].claims[0].verdict, Verdict::kTie);
  EXPECT_EQ(ExitCode(outcomes), 0);
  EXPECT_EQ(UnionOfClaims(outcomes)[1].id, "fast/c");
  EXPECT_THAT(MissingData(outcomes), ElementsAre("a.gz"));
  std::ifstream log(options_.out + "/slow/log.txt");
  std::string line;
  std::getline(log, line);
  EXPECT_EQ(line, "flags: --quick --threads=2");
}

TEST_F(ReproductionTest, AFailedClaimIsExitCodeTwo) {
  Add("good", Writing("pass"));
  Add("bad", Writing("fail") + "exit 2\n");
  const auto outcomes = Reproduce(list_, options_, {});
  EXPECT_TRUE(outcomes[1].ok());
  EXPECT_EQ(ExitCode(outcomes), 2);
}

TEST_F(ReproductionTest, AnErrorDoesNotStopTheOthers) {
  Add("broken", "echo the reason >&2\nexit 1\n");
  List("absent");
  Add("crashes", "kill -SEGV $$\n");
  Add("writes_nothing", "exit 0\n");
  Add("good", Writing("pass"));
  const auto outcomes = Reproduce(list_, options_, {});
  EXPECT_EQ(outcomes[0].exit_code, 1);
  EXPECT_THAT(outcomes[0].last_lines, ElementsAre("the reason"));
  EXPECT_THAT(outcomes[1].last_lines, ElementsAre("no p/absent"));
  EXPECT_EQ(outcomes[2].exit_code, 128 + SIGSEGV);
  EXPECT_EQ(outcomes[3].exit_code, 1);
  EXPECT_THAT(outcomes[3].last_lines[0], HasSubstr("wrote no results"));
  EXPECT_FALSE(outcomes[3].has_results);
  EXPECT_TRUE(outcomes[4].has_results);
  EXPECT_EQ(outcomes[4].exit_code, 0);
  EXPECT_EQ(ExitCode(outcomes), 1);
}

// What an earlier run left must not pass for the results of this one, but is
// there until this one has some.
TEST_F(ReproductionTest, OldResultsDoNotCountAndStay) {
  Add("x", Writing("pass"));
  EXPECT_EQ(ExitCode(Reproduce(list_, options_, {})), 0);
  for (const char* script : {"exit 0\n", "exit 1\n", "kill -KILL $$\n"}) {
    std::ofstream(root_ + "/muster/p/x") << "#!/bin/sh\n" << script;
    const auto outcomes = Reproduce(list_, options_, {});
    EXPECT_EQ(ExitCode(outcomes), 1) << script;
    EXPECT_FALSE(outcomes[0].has_results) << script;
    EXPECT_TRUE(outcomes[0].claims.empty()) << script;
    for (const char* name : {"claims.csv", "results.json", "run.json"}) {
      EXPECT_TRUE(std::filesystem::exists(options_.out + "/x/" + name))
          << script << name;
    }
  }
  std::ofstream(root_ + "/muster/p/x") << "#!/bin/sh\n" << Writing("tie");
  const auto outcomes = Reproduce(list_, options_, {});
  ASSERT_TRUE(outcomes[0].has_results);
  EXPECT_EQ(outcomes[0].claims[0].verdict, Verdict::kTie);
}

TEST_F(ReproductionTest, AStopReachesTheRunningOneAndSkipsTheRest) {
  Add("first", "trap 'exit 143' TERM\necho ready\nwhile :; do :; done\n");
  Add("second", Writing("pass"));
  std::atomic<bool> stop = false;
  options_.stop = &stop;
  options_.stop_signal = [] { return SIGTERM; };
  const auto outcomes = Reproduce(
      list_, options_, {.said = [&](const auto&, auto) { stop = true; }});
  EXPECT_EQ(outcomes[0].exit_code, 143);
  EXPECT_EQ(outcomes[1].exit_code, -1);
  EXPECT_EQ(outcomes[1].name, "second");
}

}  // namespace
}  // namespace muster::benchmarks
