#ifndef MUSTER_DISPATCH_LINEAR_PROGRAM_H_
#define MUSTER_DISPATCH_LINEAR_PROGRAM_H_

// A linear programme that grows, solved by the simplex method of Clp:
//
//   min  sum_c cost_c v_c   with  low_r <= sum_c a_rc v_c <= high_r for rows r,
//                                 low_c <= v_c <= high_c          for columns c
//
// Life: add rows and columns, Solve, read; add more, Solve again from where the
// last solution was. Silent, one thread, deterministic. Not thread-safe; two
// programmes are independent.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "muster/runtime/runtime.h"

class ClpSimplex;

namespace muster::dispatch {

// No bound on that side.
inline constexpr double kUnbounded = 1e300;

struct LpEntry {
  int32_t index = 0;  // of a row or column
  double value = 0;
};

// Sparse vectors behind one another.
struct LpVectors {
  std::vector<double> lower = {};
  std::vector<double> upper = {};
  std::vector<double> cost = {};      // columns only
  std::vector<int32_t> starts = {0};  // size() + 1
  std::vector<int32_t> indices = {};
  std::vector<double> values = {};

  int32_t size() const { return static_cast<int32_t>(lower.size()); }
};

class LinearProgram {
 public:
  enum class Result {
    kOptimal,
    kInfeasible,
    kStopped,  // runtime.stop, or the solver gave up
  };

  LinearProgram();
  ~LinearProgram();
  LinearProgram(const LinearProgram&) = delete;
  LinearProgram& operator=(const LinearProgram&) = delete;

  // The new row's index. Its entries are over columns added before the last
  // Flush or Solve; columns added later bring their own entries.
  int32_t AddRow(double lower, double upper,
                 std::span<const LpEntry> entries = {});
  // The new column's index; entries over any rows.
  int32_t AddColumn(double lower, double upper, double cost,
                    std::span<const LpEntry> entries);

  void SetCost(int32_t column, double cost);

  // Hands what was added to the solver, so that rows may have entries over it.
  void Flush();

  // Dual simplex the first time, primal after that.
  Result Solve(const runtime::Runtime& runtime);

  int32_t num_rows() const { return num_rows_; }
  int32_t num_columns() const { return num_columns_; }
  int64_t iterations() const { return iterations_; }  // of all Solves

  // Of the last Solve, when optimal.
  double Objective() const;
  std::span<const double> Columns() const;
  // Multipliers of the rows: the change of the objective per unit of the bound.
  std::span<const double> RowDuals() const;

 private:
  std::unique_ptr<ClpSimplex> model_;
  LpVectors new_rows_;
  LpVectors new_columns_;
  int32_t num_rows_ = 0;
  int32_t num_columns_ = 0;
  int64_t iterations_ = 0;
  bool solved_ = false;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_LINEAR_PROGRAM_H_
