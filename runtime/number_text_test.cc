#include "muster/runtime/number_text.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace muster::runtime {
namespace {

TEST(NumberTextTest, IsShortest) {
  EXPECT_EQ(NumberText(0.1), "0.1");
  EXPECT_EQ(NumberText(29), "29");
  EXPECT_EQ(NumberText(-2.5), "-2.5");
  EXPECT_EQ(NumberText(1e22), "1e+22");
  EXPECT_EQ(NumberText(std::numeric_limits<double>::infinity()), "inf");
}

TEST(NumberTextTest, ReadsBackAsTheSameDouble) {
  for (const double x : {1.0 / 3, M_PI, 5e-324, 1.7976931348623157e308, -0.0,
                         123456789.123456789}) {
    double back = 0;
    ASSERT_TRUE(ParseNumber(NumberText(x), &back)) << x;
    EXPECT_EQ(back, x);
    EXPECT_EQ(std::signbit(back), std::signbit(x));
  }
}

TEST(NumberTextTest, ReadsWholeTextsOnly) {
  double value = 0;
  EXPECT_TRUE(ParseNumber("-1.5e3", &value));
  EXPECT_EQ(value, -1500);
  EXPECT_TRUE(ParseNumber("nan", &value));
  EXPECT_TRUE(std::isnan(value));
  for (const char* text : {"", " 1", "1 ", "+1", "1.5x", "0x10", "1e999"}) {
    EXPECT_FALSE(ParseNumber(text, &value)) << text;
  }
}

}  // namespace
}  // namespace muster::runtime
