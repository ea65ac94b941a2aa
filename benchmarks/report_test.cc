#include "muster/benchmarks/report.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::benchmarks {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Claim MakeClaim(const std::string& id, Verdict verdict) {
  return {.id = id,
          .source = "Table 1",
          .statement = "a < b & \"c\"",
          .paper = "1.07",
          .ours = 1.08,
          .low = 1.0,
          .high = std::nan(""),
          .seeds = 3,
          .verdict = verdict};
}

std::vector<Outcome> Example() {
  Outcome good = {
      .name = "sqrt_law",
      .label = "//benchmarks/ata:sqrt_law",
      .description = "Table 1",
      .command = "./bazelw run //benchmarks/ata:sqrt_law -- --quick",
      .exit_code = 2,
      .seconds = 65,
      .title = "ATA on the <square-root> law"};
  good.claims = {MakeClaim("c1", Verdict::kPass),
                 MakeClaim("c2", Verdict::kFail)};
  good.notes = {"a note"};
  good.figures = {{"law", "Law", "What it shows", "<svg>x</svg>"}};
  good.tables = {
      {"t", "", {"policy", "time [s]"}, {{"ATA", "1.5"}}, {false, true}}};
  good.provenance = {{"commit", "abc"}};
  Outcome broken = {.name = "regret",
                    .description = "Figure 4",
                    .exit_code = 1,
                    .last_lines = {"error: <no> data"}};
  return {good, broken};
}

std::string Page(const std::vector<Outcome>& outcomes) {
  return ReportHtml({.title = "Muster",
                     .effort = "Quick",
                     .wall_seconds = 70,
                     .command = "./bazelw run //benchmarks:reproduce",
                     .missing_data = {.fetch_command = "fetch a.gz",
                                      .by_hand = "make <b> by hand"}},
                    outcomes);
}

TEST(ReportTest, HasAllThatIsAsked) {
  const std::string page = Page(Example());
  for (const char* text :
       {"sqrt_law/c2", "a note", "What it shows", "policy", "time [s]", "abc",
        "./bazelw run //benchmarks/ata:sqrt_law -- --quick", "fetch a.gz",
        "make &lt;b&gt; by hand", "1:05", "ended with exit code 1",
        "Claims that failed"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  EXPECT_THAT(page, HasSubstr(absl::Base64Escape("<svg>x</svg>")));
}

TEST(ReportTest, VerdictsAreWordsToo) {
  EXPECT_THAT(Page(Example()), HasSubstr("&#10007; fail</td>"));
  EXPECT_THAT(Page(Example()), HasSubstr("&#10003; pass</td>"));
}

TEST(ReportTest, EscapesWhatIsNotItsOwn) {
  const std::string page = Page(Example());
  EXPECT_THAT(page, HasSubstr("a &lt; b &amp; &quot;c&quot;"));
  EXPECT_THAT(page, HasSubstr("&lt;square-root&gt;"));
  EXPECT_THAT(page, HasSubstr("error: &lt;no&gt; data"));
  EXPECT_THAT(page, Not(HasSubstr("<no>")));
}

// One page that can be sent to somebody: nothing is loaded from elsewhere.
TEST(ReportTest, RefersToNothingOutsideItself) {
  const std::string page = Page(Example());
  for (const char* text :
       {"http:", "https:", "src=\"/", "<script", "<link", "@import", "url("}) {
    EXPECT_THAT(page, Not(HasSubstr(text)));
  }
}

TEST(ReportTest, EveryTagIsClosed) {
  const std::string page = Page(Example());
  for (const char* tag : {"table", "tr", "td", "th", "div", "details", "figure",
                          "p", "pre", "h2", "h3", "main", "body", "html"}) {
    size_t opened = 0, closed = 0;
    for (size_t at = 0; at < page.size(); ++at) {
      opened += page.compare(at, std::string(tag).size() + 2,
                             absl::StrCat("<", tag, ">")) == 0 ||
                page.compare(at, std::string(tag).size() + 2,
                             absl::StrCat("<", tag, " ")) == 0;
      closed += page.compare(at, std::string(tag).size() + 3,
                             absl::StrCat("</", tag, ">")) == 0;
    }
    EXPECT_EQ(opened, closed) << tag;
  }
}

TEST(ReportTest, LongTablesAreCutAndSaySo) {
  std::vector<Outcome> outcomes = Example();
  outcomes[0].tables[0].rows.assign(250, {"ATA", "1.5"});
  EXPECT_THAT(Page(outcomes), HasSubstr("50 more rows in tables/t.csv"));
}

TEST(ReportTest, NoExperimentIsAPageAsWell) {
  EXPECT_THAT(ReportHtml({.title = "Muster"}, {}), HasSubstr("</html>"));
}

}  // namespace
}  // namespace muster::benchmarks
