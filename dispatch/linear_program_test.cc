#include "muster/dispatch/linear_program.h"

#include <atomic>

#include "gtest/gtest.h"

namespace muster::dispatch {
namespace {

using Result = LinearProgram::Result;

// min -x - 2 y with x + y <= 3.5, x and y in [0, 2]: (1.5, 2).
TEST(LinearProgramTest, SolvesASmallProgramme) {
  LinearProgram program;
  const int32_t row = program.AddRow(-kUnbounded, 3.5);
  const LpEntry entries[] = {{row, 1}};
  const int32_t x = program.AddColumn(0, 2, -1, entries);
  const int32_t y = program.AddColumn(0, 2, -2, entries);
  ASSERT_EQ(program.Solve({}), Result::kOptimal);
  EXPECT_NEAR(program.Objective(), -5.5, 1e-12);
  EXPECT_NEAR(program.Columns()[x], 1.5, 1e-12);
  EXPECT_NEAR(program.Columns()[y], 2, 1e-12);
  EXPECT_NEAR(program.RowDuals()[row], -1, 1e-12);
}

// Then z, twice as good as x per unit of the row, and x + z <= 1.
TEST(LinearProgramTest, GrowsAndGoesOn) {
  LinearProgram program;
  const int32_t row = program.AddRow(-kUnbounded, 3.5);
  const LpEntry entries[] = {{row, 1}};
  const int32_t x = program.AddColumn(0, 2, -1, entries);
  program.AddColumn(0, 2, -2, entries);
  ASSERT_EQ(program.Solve({}), Result::kOptimal);
  const LpEntry opening[] = {{x, 1}};
  const int32_t limit = program.AddRow(-kUnbounded, 1, opening);
  const LpEntry both[] = {{row, 1}, {limit, 1}};
  const int32_t z = program.AddColumn(0, 2, -4, both);
  EXPECT_EQ(program.num_rows(), 2);
  EXPECT_EQ(program.num_columns(), 3);
  ASSERT_EQ(program.Solve({}), Result::kOptimal);
  EXPECT_NEAR(program.Objective(), -8, 1e-12);
  EXPECT_NEAR(program.Columns()[z], 1, 1e-12);
  program.SetCost(z, 0);
  ASSERT_EQ(program.Solve({}), Result::kOptimal);
  EXPECT_NEAR(program.Objective(), -5, 1e-12);
}

TEST(LinearProgramTest, SaysWhenThereIsNoSolution) {
  LinearProgram program;
  const int32_t row = program.AddRow(3, 3);
  const LpEntry entries[] = {{row, 1}};
  program.AddColumn(0, 2, 1, entries);
  EXPECT_EQ(program.Solve({}), Result::kInfeasible);
}

TEST(LinearProgramTest, StopsWhenAsked) {
  LinearProgram program;
  const int32_t row = program.AddRow(1, 3);
  const LpEntry entries[] = {{row, 1}};
  program.AddColumn(0, 2, 1, entries);
  const std::atomic<bool> stop = true;
  EXPECT_EQ(program.Solve({.stop = &stop}), Result::kStopped);
}

}  // namespace
}  // namespace muster::dispatch
