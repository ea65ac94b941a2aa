#include "muster/dispatch/linear_program.h"

#include "coin/ClpEventHandler.hpp"
#include "coin/ClpSimplex.hpp"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

// Clp's default is 1e-7; costs and sizes here are scaled to about one.
constexpr double kTolerance = 1e-9;

// Looks at runtime.stop now and then.
class StopHandler : public ClpEventHandler {
 public:
  explicit StopHandler(const runtime::Runtime& runtime) : runtime_(runtime) {}

  int event(Event) override { return runtime::ShouldStop(runtime_) ? 5 : -1; }
  ClpEventHandler* clone() const override { return new StopHandler(*this); }

 private:
  runtime::Runtime runtime_;
};

void Append(double lower, double upper, std::span<const LpEntry> entries,
            LpVectors* vectors) {
  vectors->lower.push_back(lower <= -kUnbounded ? -COIN_DBL_MAX : lower);
  vectors->upper.push_back(upper >= kUnbounded ? COIN_DBL_MAX : upper);
  for (const LpEntry& entry : entries) {
    vectors->indices.push_back(entry.index);
    vectors->values.push_back(entry.value);
  }
  vectors->starts.push_back(static_cast<int32_t>(vectors->indices.size()));
}

}  // namespace

LinearProgram::LinearProgram() : model_(std::make_unique<ClpSimplex>()) {
  model_->setLogLevel(0);
  model_->setPrimalTolerance(kTolerance);
  model_->setDualTolerance(kTolerance);
}

LinearProgram::~LinearProgram() = default;

int32_t LinearProgram::AddRow(double lower, double upper,
                              std::span<const LpEntry> entries) {
  for (const LpEntry& entry : entries) {
    MUSTER_CHECK_LT(entry.index, num_columns_ - new_columns_.size());
  }
  Append(lower, upper, entries, &new_rows_);
  return num_rows_++;
}

int32_t LinearProgram::AddColumn(double lower, double upper, double cost,
                                 std::span<const LpEntry> entries) {
  Append(lower, upper, entries, &new_columns_);
  new_columns_.cost.push_back(cost);
  return num_columns_++;
}

void LinearProgram::SetCost(int32_t column, double cost) {
  Flush();
  model_->setObjectiveCoefficient(column, cost);
}

void LinearProgram::Flush() {
  if (new_rows_.size() > 0) {
    model_->addRows(new_rows_.size(), new_rows_.lower.data(),
                    new_rows_.upper.data(), new_rows_.starts.data(),
                    new_rows_.indices.data(), new_rows_.values.data());
    new_rows_ = {};
  }
  if (new_columns_.size() > 0) {
    model_->addColumns(new_columns_.size(), new_columns_.lower.data(),
                       new_columns_.upper.data(), new_columns_.cost.data(),
                       new_columns_.starts.data(), new_columns_.indices.data(),
                       new_columns_.values.data());
    new_columns_ = {};
  }
}

LinearProgram::Result LinearProgram::Solve(const runtime::Runtime& runtime) {
  Flush();
  const StopHandler handler(runtime);
  model_->passInEventHandler(&handler);
  if (solved_) {
    model_->primal(1);
  } else {
    model_->dual();
  }
  solved_ = true;
  iterations_ += model_->numberIterations();
  if (runtime::ShouldStop(runtime)) return Result::kStopped;
  if (model_->isProvenOptimal()) return Result::kOptimal;
  return model_->isProvenPrimalInfeasible() ? Result::kInfeasible
                                            : Result::kStopped;
}

double LinearProgram::Objective() const { return model_->objectiveValue(); }

std::span<const double> LinearProgram::Columns() const {
  return {model_->primalColumnSolution(), static_cast<size_t>(num_columns_)};
}

std::span<const double> LinearProgram::RowDuals() const {
  return {model_->dualRowSolution(), static_cast<size_t>(num_rows_)};
}

}  // namespace muster::dispatch
