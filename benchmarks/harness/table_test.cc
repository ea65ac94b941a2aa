#include "muster/benchmarks/harness/table.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace muster::benchmarks {
namespace {

Table Example() {
  Table table("costs", {"policy", "n", "time [s]"});
  table.AddRow({"UTA", 51, 0.1});
  table.AddRow({"GTA, greedy", 7, 1234567.875});
  table.AddRow({"ATA", 459, std::nan("")});
  return table;
}

TEST(TableTest, CsvIsExact) {
  EXPECT_EQ(TableToCsv(Example()),
            "policy,n,time [s]\n"
            "UTA,51,0.1\n"
            "\"GTA, greedy\",7,1234567.875\n"
            "ATA,459,\n");
}

TEST(TableTest, TextIsAlignedWithNumbersToTheRight) {
  EXPECT_EQ(TableToText(Example()),
            "policy         n     time [s]\n"
            "UTA           51          0.1\n"
            "GTA, greedy    7  1.23457e+06\n"
            "ATA          459            -\n");
}

TEST(TableTest, CountsCharactersNotBytes) {
  EXPECT_EQ(AlignRows({{"é", "1"}, {"ab", "22"}}, {false, true}),
            "é    1\nab  22\n");
}

TEST(ExactNumberTest, ReadsBackToTheSameBits) {
  for (const double value :
       {0.1, 1.0 / 3, 6.02214076e23, -5e-324, 1.7976931348623157e308, 2.0}) {
    EXPECT_EQ(std::strtod(ExactNumber(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(ExactNumber(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(ExactNumber(std::nan("")), "");
}

TEST(TableTest, KeepsKindsApart) {
  EXPECT_EQ(Cell(int64_t{1} << 62).Exact(), "4611686018427387904");
  EXPECT_EQ(Cell(true).Exact(), "1");
  EXPECT_EQ(Cell(2.5f).Exact(), "2.5");
  EXPECT_FALSE(Cell("12").is_number());
}

TEST(TableDeathTest, ARowHasOneCellPerColumn) {
  Table table("t", {"a", "b"});
  EXPECT_DEATH(table.AddRow({1}), "table t");
  EXPECT_DEATH(Table("a/b", {"x"}), "table name");
}

TEST(FileNameTest, StaysInItsFolder) {
  EXPECT_TRUE(IsFileName("n51.ATA-empirical_2"));
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "a b", "é"}) {
    EXPECT_FALSE(IsFileName(name)) << name;
  }
}

}  // namespace
}  // namespace muster::benchmarks
