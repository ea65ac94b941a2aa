#include "muster/benchmarks/harness/csv.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOkAndHolds;
using runtime::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Rows = std::vector<std::vector<std::string>>;

TEST(CsvTest, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(CsvField("plain text"), "plain text");
  EXPECT_EQ(CsvField(""), "");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(CsvField("two\nlines"), "\"two\nlines\"");
}

TEST(CsvTest, ReadsBackWhatItWrote) {
  const Rows rows = {{"id", "text"},
                     {"1", "a, \"b\"\nc"},
                     {"", ""},
                     {"\"", ",\r\n"},
                     {"é", "end"}};
  std::string csv;
  for (const auto& row : rows) AppendCsvRow(row, &csv);
  EXPECT_THAT(ParseCsv(csv), IsOkAndHolds(rows));
}

TEST(CsvTest, AcceptsOtherLineEndsAndNoLastOne) {
  EXPECT_THAT(ParseCsv("a,b\r\n1,2"),
              IsOkAndHolds(Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_THAT(ParseCsv(""), IsOkAndHolds(Rows{}));
  EXPECT_THAT(ParseCsv("a,"), IsOkAndHolds(Rows{{"a", ""}}));
}

TEST(CsvTest, NamesTheLineOfAMistake) {
  EXPECT_THAT(ParseCsv("a,b\n\"c,d\n"),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("line 2: a quote is never closed")));
  EXPECT_THAT(ParseCsv("\"a\"b\n"),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("line 1: 'b' after a closing quote")));
}

}  // namespace
}  // namespace muster::benchmarks
