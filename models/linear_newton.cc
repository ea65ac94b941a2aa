#include "muster/models/linear_newton.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/models/gram_matrix.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::models {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kMaxHessianSide = 4096;
// Products with the Hessian that conjugate gradients take, about.
constexpr double kProductsPerSolve = 20;
constexpr int kMaxConjugateSteps = 250;
// A Gram matrix that lost rows is summed anew once a diagonal element of the
// Hessian is below this share of its peak. Updates leave errors of 1e-16 of the
// peaks, of 1e-14 after very many: 1e-8 of the elements at this share, where
// 1e-5 was still seen to cost no iteration. Rows of like size do not get here
// (unscaled MNIST never does); larger would only make sums that change nothing.
constexpr double kMinShareOfPeak = 1e-6;
// A pivot below this share of its diagonal element is rounding, positive by
// chance. Equal features leave 1 of 1 + 2 C d: enough up to 2 C d = 1e14.
constexpr double kMinShareOfPivot = 1e-14;
constexpr int kMaxLineSteps = 30;
// |slope| left by the line search, in units of the slope at its start.
constexpr double kLineTolerance = 0.05;

class Newton {
 public:
  Newton(const LinearProblem& problem, const LinearSolution* start,
         const runtime::Runtime& runtime)
      : problem_(problem),
        rows_(problem.rows),
        runtime_(runtime),
        blocks_(CutFeatureRows(problem.rows)),
        forms_hessian_(FormsHessian(problem.rows)),
        margins_(rows_.num_rows),
        margin_steps_(rows_.num_rows),
        factors_(rows_.num_rows),
        gradient_(rows_.dimension()),
        direction_(rows_.dimension()),
        partial_(blocks_.size()) {
    MUSTER_CHECK_EQ(static_cast<int64_t>(problem_.signs.size()),
                    rows_.num_rows);
    solution_.weights.assign(rows_.dimension(), 0.0);
    if (start != nullptr) {
      MUSTER_CHECK_EQ(start->weights.size(), solution_.weights.size());
      solution_.weights = start->weights;
    }
  }

  LinearSolution Run(const LinearStop& stop) && {
    Margins(solution_.weights, margins_);
    solution_.objective = Value(0);
    while (true) {
      FindGradient();
      solution_.gap = 0.5 * SquaredNorm(gradient_);
      solution_.converged =
          solution_.gap <= stop.tolerance * solution_.objective;
      if (solution_.converged || solution_.iterations >= stop.max_iterations ||
          runtime::ShouldStop(runtime_)) {
        break;
      }
      FindDirection();
      Margins(direction_, margin_steps_);
      if (!Step()) break;  // at the limit of rounding
      ++solution_.iterations;
    }
    return std::move(solution_);
  }

 private:
  // margins_i = y_i x_i'v.
  void Margins(std::span<const double> v, std::span<double> margins) {
    solution_.multiply_adds += static_cast<double>(rows_.num_entries());
    runtime::ParallelForBlocks(
        runtime_, blocks_, [&](int64_t, runtime::Block block) {
          MultiplyRows(rows_, block.begin, block.end, v.data(),
                       margins.data() + block.begin);
          for (int64_t row = block.begin; row < block.end; ++row) {
            margins[row] *= problem_.signs[row];
          }
        });
  }

  // result += the sums that add(block, sum) makes of each block, in order.
  template <typename AddBlock>
  void AddBlocks(std::span<double> result, AddBlock&& add) {
    if (blocks_.size() == 1) {
      add(blocks_[0], result.data());
      return;
    }
    runtime::ParallelForBlocks(runtime_, blocks_,
                               [&](int64_t b, runtime::Block block) {
                                 partial_[b].assign(result.size(), 0.0);
                                 add(block, partial_[b].data());
                               });
    for (const std::vector<double>& sum : partial_) AddScaled(1.0, sum, result);
  }

  void FindGradient() {
    solution_.multiply_adds += static_cast<double>(rows_.num_entries());
    std::copy(solution_.weights.begin(), solution_.weights.end(),
              gradient_.begin());
    AddBlocks(gradient_, [&](runtime::Block block, double* sum) {
      for (int64_t row = block.begin; row < block.end; ++row) {
        factors_[row] = -problem_.c * problem_.signs[row] *
                        LinearLossSlope(problem_.loss, margins_[row]);
      }
      AddRows(rows_, block.begin, block.end, factors_.data() + block.begin,
              sum);
    });
  }

  void FindDirection() {
    for (int64_t row = 0; row < rows_.num_rows; ++row) {
      factors_[row] =
          problem_.c * LinearLossCurvature(problem_.loss, margins_[row]);
    }
    if (forms_hessian_) {
      SolveByCholesky();
    } else {
      SolveByConjugateGradients();
    }
  }

  // active_gram_ += X' changes X.
  void AddChanges() {
    for (int64_t row = 0; row < rows_.num_rows; ++row) {
      if (changes_[row] != 0) {
        solution_.multiply_adds += OuterProductMultiplyAdds(rows_, row);
      }
    }
    AddOuterProducts(rows_, changes_, &active_gram_);
  }

  // Takes the diagonal of the Hessian into its peaks; false if it is so far
  // below one of them that rounding may show.
  bool RaisePeaks() {
    const int64_t size = rows_.dimension();
    peaks_.resize(size, 0.0);
    bool is_accurate = true;
    for (int64_t a = 0; a < size; ++a) {
      const double diagonal = 1 + 2 * problem_.c * active_gram_[a * size + a];
      peaks_[a] = std::max(peaks_[a], diagonal);
      is_accurate = is_accurate && diagonal >= kMinShareOfPeak * peaks_[a];
    }
    return is_accurate;
  }

  // active_gram_ anew, from the rows marked.
  void SumActiveGram() {
    changes_.assign(is_in_gram_.begin(), is_in_gram_.end());
    std::ranges::fill(active_gram_, 0.0);
    AddChanges();
    peaks_.clear();
    RaisePeaks();
    has_lost_rows_ = false;
  }

  // Only the rows whose factor changed are added or taken away, unless that
  // leaves too little.
  void UpdateActiveGram() {
    if (active_gram_.empty()) {
      const int64_t size = rows_.dimension();
      const int64_t active = rows_.num_rows - std::ranges::count(factors_, 0.0);
      const bool from_all =
          problem_.gram != nullptr && 2 * active > rows_.num_rows;
      is_in_gram_.assign(rows_.num_rows, from_all ? 1 : 0);
      active_gram_ =
          from_all ? *problem_.gram : std::vector<double>(size * size);
      MUSTER_CHECK_EQ(static_cast<int64_t>(active_gram_.size()), size * size);
      RaisePeaks();
    }
    changes_.resize(rows_.num_rows);
    for (int64_t row = 0; row < rows_.num_rows; ++row) {
      const char is_active = factors_[row] != 0 ? 1 : 0;
      changes_[row] = is_active - is_in_gram_[row];
      is_in_gram_[row] = is_active;
      has_lost_rows_ = has_lost_rows_ || changes_[row] < 0;
    }
    AddChanges();
    if (!RaisePeaks() && has_lost_rows_) SumActiveGram();
  }

  // Lower triangle of I + 2 C active_gram_ in hessian_.
  void HessianOfActiveGram() {
    const int64_t size = rows_.dimension();
    hessian_.resize(size * size);
    for (int64_t e = 0; e < size * size; ++e) {
      hessian_[e] = 2 * problem_.c * active_gram_[e];
    }
    for (int64_t a = 0; a < size; ++a) hessian_[a * size + a] += 1;
  }

  // Lower triangle of I + X' factors X in hessian_. The squared hinge has
  // factors 0 and 2 C.
  void FormHessian() {
    if (problem_.loss == LinearLoss::kSquaredHinge) {
      UpdateActiveGram();
      HessianOfActiveGram();
      return;
    }
    const int64_t size = rows_.dimension();
    hessian_.assign(size * size, 0.0);
    solution_.multiply_adds += OuterProductMultiplyAdds(rows_);
    AddOuterProducts(rows_, factors_, &hessian_);
    for (int64_t a = 0; a < size; ++a) hessian_[a * size + a] += 1;
  }

  // From hessian_, in its place; false if that is not positive definite beyond
  // rounding.
  bool FactorAndSolve() {
    const int64_t size = rows_.dimension();
    const auto side = static_cast<double>(size);
    solution_.multiply_adds += side * side * side / 6;
    using Matrix =
        Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Eigen::Map<Matrix> hessian(hessian_.data(), size, size);
    const Eigen::ArrayXd diagonal = hessian.diagonal();
    const Eigen::LLT<Eigen::Ref<Matrix>, Eigen::Lower> factor(hessian);
    if (factor.info() != Eigen::Success ||
        (hessian.diagonal().array().square() < kMinShareOfPivot * diagonal)
            .any()) {
      return false;
    }
    Eigen::Map<const Eigen::VectorXd> gradient(gradient_.data(), size);
    Eigen::Map<Eigen::VectorXd>(direction_.data(), size) =
        -factor.solve(gradient);
    return true;
  }

  void SolveByCholesky() {
    FormHessian();
    if (FactorAndSolve()) return;
    if (has_lost_rows_) {
      SumActiveGram();
      HessianOfActiveGram();
      if (FactorAndSolve()) return;
    }
    // The sum itself is too coarse: large rows in it hide the small ones.
    SolveByConjugateGradients();
  }

  // result = (I + X' factors X) v.
  void HessianProduct(std::span<const double> v, std::span<double> result) {
    solution_.multiply_adds += 2 * active_entries_;
    std::copy(v.begin(), v.end(), result.begin());
    AddBlocks(result, [&](runtime::Block block, double* sum) {
      AddGramProduct(rows_, block.begin, block.end,
                     factors_.data() + block.begin, v.data(), sum);
    });
  }

  // The diagonal of the Hessian; counts active_entries_.
  std::vector<double> FindDiagonal() {
    std::vector<double> diagonal(rows_.dimension(), 1.0);
    active_entries_ = 0;
    for (int64_t row = 0; row < rows_.num_rows; ++row) {
      const double factor = factors_[row];
      if (factor == 0) continue;
      active_entries_ += static_cast<double>(rows_.Entries(row));
      const int64_t begin =
          rows_.dense() ? row * rows_.num_features : rows_.row_begin[row];
      for (int64_t e = 0; e < rows_.Entries(row); ++e) {
        const double value = rows_.values[begin + e];
        diagonal[rows_.dense() ? e : rows_.columns[begin + e]] +=
            factor * value * value;
      }
      if (rows_.bias != 0) diagonal.back() += factor * rows_.bias * rows_.bias;
    }
    return diagonal;
  }

  void SolveByConjugateGradients() {
    const size_t size = gradient_.size();
    const std::vector<double> diagonal = FindDiagonal();
    std::fill(direction_.begin(), direction_.end(), 0.0);
    std::vector<double> residual(size);
    std::vector<double> scaled(size);
    std::vector<double> along(size);
    std::vector<double> product(size);
    for (size_t j = 0; j < size; ++j) {
      residual[j] = -gradient_[j];
      scaled[j] = along[j] = residual[j] / diagonal[j];
    }
    double measure = Dot(residual, scaled);
    const double first = measure;
    // Accurate where the method is near its end and converges fast.
    const double relative_gap = solution_.gap / solution_.objective;
    const double enough = std::min(0.1, std::sqrt(relative_gap));
    for (int step = 0; step < kMaxConjugateSteps; ++step) {
      HessianProduct(along, product);
      const double curvature = Dot(along, product);
      if (!(curvature > 0)) break;
      const double length = measure / curvature;
      AddScaled(length, along, direction_);
      AddScaled(-length, product, residual);
      for (size_t j = 0; j < size; ++j) scaled[j] = residual[j] / diagonal[j];
      const double next = Dot(residual, scaled);
      if (next <= enough * enough * first) break;
      const double ratio = next / measure;
      measure = next;
      for (size_t j = 0; j < size; ++j) {
        along[j] = scaled[j] + ratio * along[j];
      }
    }
  }

  // f(w + t p), with w'p and p'p of the direction at hand.
  double Value(double t) {
    const double loss = runtime::SumBlocks(
        runtime_, blocks_, [&](int64_t, runtime::Block block) {
          double sum = 0;
          for (int64_t row = block.begin; row < block.end; ++row) {
            sum += LinearLossValue(problem_.loss,
                                   margins_[row] + t * margin_steps_[row]);
          }
          return sum;
        });
    const double norm2 = SquaredNorm(solution_.weights) +
                         t * (2 * cross_ + t * direction_norm2_);
    return 0.5 * norm2 + problem_.c * loss;
  }

  struct LineDerivatives {
    double slope = 0;
    double curvature = 0;
  };
  LineDerivatives Derivatives(double t) {
    const auto sums = runtime::FoldBlocks(
        runtime_, blocks_, LineDerivatives{},
        [&](int64_t, runtime::Block block) {
          LineDerivatives sum;
          for (int64_t row = block.begin; row < block.end; ++row) {
            const double step = margin_steps_[row];
            const double z = margins_[row] + t * step;
            sum.slope -= step * LinearLossSlope(problem_.loss, z);
            sum.curvature +=
                step * step * LinearLossCurvature(problem_.loss, z);
          }
          return sum;
        },
        [](LineDerivatives a, const LineDerivatives& b) {
          return LineDerivatives{.slope = a.slope + b.slope,
                                 .curvature = a.curvature + b.curvature};
        });
    return {.slope = cross_ + t * direction_norm2_ + problem_.c * sums.slope,
            .curvature = direction_norm2_ + problem_.c * sums.curvature};
  }

  // Moves to about the minimum along the direction; false if that is no lower.
  bool Step() {
    cross_ = Dot(solution_.weights, direction_);
    direction_norm2_ = SquaredNorm(direction_);
    const double start_slope = Dot(gradient_, direction_);
    if (!(start_slope < 0)) return false;
    double low = 0;
    double high = kInfinity;
    double t = 1;
    for (int k = 0; k < kMaxLineSteps; ++k) {
      const LineDerivatives at = Derivatives(t);
      if (std::abs(at.slope) <= -kLineTolerance * start_slope) break;
      (at.slope < 0 ? low : high) = t;
      double next = t - at.slope / at.curvature;
      if (!(next > low && next < high)) {
        next = high < kInfinity ? 0.5 * (low + high) : 2 * t;
      }
      t = next;
    }
    const double value = Value(t);
    if (!(value < solution_.objective)) return false;
    solution_.objective = value;
    AddScaled(t, direction_, solution_.weights);
    AddScaled(t, margin_steps_, margins_);
    return true;
  }

  LinearProblem problem_;
  FeatureRows rows_;
  runtime::Runtime runtime_;
  std::vector<runtime::Block> blocks_;
  bool forms_hessian_;
  std::vector<double> margins_;       // z
  std::vector<double> margin_steps_;  // of the direction
  std::vector<double> factors_;
  std::vector<double> gradient_;
  std::vector<double> direction_;
  double cross_ = 0;            // w'p
  double direction_norm2_ = 0;  // p'p
  double active_entries_ = 0;   // of the rows that the Hessian is made of
  std::vector<std::vector<double>> partial_;
  std::vector<double> hessian_;
  // Squared hinge: the sum of x x' over the rows marked, and its last changes.
  std::vector<double> active_gram_;
  std::vector<char> is_in_gram_;
  std::vector<double> changes_;
  // Since it was last summed: the largest that each diagonal element of the
  // Hessian has been, and whether rows have been taken away.
  std::vector<double> peaks_;
  bool has_lost_rows_ = false;
  LinearSolution solution_;
};

}  // namespace

bool FormsHessian(const FeatureRows& rows) {
  if (rows.dimension() > kMaxHessianSide) return false;
  double squares = 0;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const auto entries = static_cast<double>(rows.Entries(row));
    squares += entries * entries;
  }
  const auto side = static_cast<double>(rows.dimension());
  const double form = squares / 2 + side * side * side / 3;
  const double product = 2 * static_cast<double>(rows.num_entries());
  return side <= 16 || form <= kProductsPerSolve * product;
}

LinearSolution SolveNewton(const LinearProblem& problem, const LinearStop& stop,
                           const LinearSolution* start,
                           const runtime::Runtime& runtime) {
  return Newton(problem, start, runtime).Run(stop);
}

}  // namespace muster::models
