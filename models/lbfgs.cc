#include "muster/models/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/check.h"

namespace muster::models {
namespace {

// A step and a slope along the direction.
struct LinePoint {
  double step = 0;
  double value = 0;
  double slope = 0;
};

// The minimiser of the cubic through two points with slopes, kept off the ends
// of the interval; its middle when there is none.
double Interpolate(const LinePoint& a, const LinePoint& b) {
  const double middle = 0.5 * (a.step + b.step);
  if (!std::isfinite(b.value) || !std::isfinite(b.slope)) return middle;
  const double secant =
      a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  const double square = secant * secant - a.slope * b.slope;
  if (!(square >= 0)) return middle;
  const double root = std::copysign(std::sqrt(square), b.step - a.step);
  const double t = b.step - (b.step - a.step) * (b.slope + root - secant) /
                                (b.slope - a.slope + 2 * root);
  const double margin = 0.1 * std::abs(b.step - a.step);
  const double low = std::min(a.step, b.step) + margin;
  const double high = std::max(a.step, b.step) - margin;
  if (!std::isfinite(t)) return middle;
  return std::clamp(t, low, high);
}

class Minimizer {
 public:
  Minimizer(LbfgsFunction function, std::vector<double>* x,
            const LbfgsOptions& options)
      : function_(function),
        options_(options),
        x_(*x),
        gradient_(x->size()),
        direction_(x->size()),
        trial_(x->size()),
        trial_gradient_(x->size()) {}

  LbfgsResult Run(LbfgsDone done, const runtime::Runtime& runtime) {
    result_.objective = function_(x_, gradient_);
    result_.evaluations = 1;
    MUSTER_CHECK(std::isfinite(result_.objective));
    while (true) {
      result_.gradient_norm = std::sqrt(SquaredNorm(gradient_));
      if (result_.gradient_norm <=
          options_.gradient_tolerance *
              std::max(1.0, std::abs(result_.objective))) {
        return End(LbfgsEnd::kConverged);
      }
      const runtime::Progress progress = {.phase = "lbfgs",
                                          .done = result_.iterations,
                                          .total = options_.max_iterations,
                                          .objective = result_.objective};
      if (done(result_.objective, gradient_) ||
          !runtime::ReportProgress(runtime, progress)) {
        return End(LbfgsEnd::kCaller);
      }
      if (result_.iterations == options_.max_iterations) {
        return End(LbfgsEnd::kIterations);
      }
      if (!Step()) return End(LbfgsEnd::kLineSearch);
      ++result_.iterations;
    }
  }

 private:
  struct Pair {
    std::vector<double> step;
    std::vector<double> change;  // of the gradient
    double product = 0;          // step'change > 0
  };

  LbfgsResult End(LbfgsEnd end) {
    result_.end = end;
    return result_;
  }

  // direction_ <- -H g by the two-loop recursion.
  void FindDirection() {
    const size_t size = pairs_.size();
    std::vector<double> factors(size);
    for (size_t j = 0; j < x_.size(); ++j) direction_[j] = -gradient_[j];
    for (size_t i = 0; i < size; ++i) {
      const Pair& pair = Newest(i);
      factors[i] = Dot(pair.step, direction_) / pair.product;
      AddScaled(-factors[i], pair.change, direction_);
    }
    if (size > 0) {
      const Pair& newest = Newest(0);
      Scale(newest.product / SquaredNorm(newest.change), direction_);
    }
    for (size_t i = size; i-- > 0;) {
      const Pair& pair = Newest(i);
      const double factor = Dot(pair.change, direction_) / pair.product;
      AddScaled(factors[i] - factor, pair.step, direction_);
    }
  }

  // The i-th pair from the newest.
  const Pair& Newest(size_t i) const {
    return pairs_[(newest_ + pairs_.size() - i) % pairs_.size()];
  }

  void Remember() {
    Pair pair;
    if (pairs_.size() == static_cast<size_t>(options_.history)) {
      newest_ = (newest_ + 1) % pairs_.size();
      pair = std::move(pairs_[newest_]);
    } else {
      pairs_.emplace_back();
      newest_ = pairs_.size() - 1;
    }
    pair.step.resize(x_.size());
    pair.change.resize(x_.size());
    for (size_t j = 0; j < x_.size(); ++j) {
      pair.step[j] = trial_[j] - x_[j];
      pair.change[j] = trial_gradient_[j] - gradient_[j];
    }
    pair.product = Dot(pair.step, pair.change);
    pairs_[newest_] = std::move(pair);
  }

  // True when a better point was found: x_, gradient_ and the value are its.
  bool Step() {
    FindDirection();
    double slope = Dot(gradient_, direction_);
    if (!(slope < 0)) {  // by rounding: start anew
      pairs_.clear();
      FindDirection();
      slope = Dot(gradient_, direction_);
    }
    start_ = {.step = 0, .value = result_.objective, .slope = slope};
    const double first =
        pairs_.empty() ? std::min(1.0, 1 / result_.gradient_norm) : 1.0;
    if (!Search(first)) return false;
    const bool curved =
        Dot(trial_gradient_, direction_) > slope;  // step'change > 0
    if (curved) Remember();
    x_.swap(trial_);
    gradient_.swap(trial_gradient_);
    result_.objective = trial_value_;
    return true;
  }

  LinePoint Evaluate(double step) {
    for (size_t j = 0; j < x_.size(); ++j) {
      trial_[j] = x_[j] + step * direction_[j];
    }
    trial_value_ = function_(trial_, trial_gradient_);
    ++result_.evaluations;
    return {.step = step,
            .value = trial_value_,
            .slope = Dot(trial_gradient_, direction_)};
  }

  bool TooHigh(const LinePoint& point) const {
    return !(point.value <= start_.value + options_.sufficient_decrease *
                                               point.step * start_.slope);
  }
  bool FlatEnough(const LinePoint& point) const {
    return std::abs(point.slope) <= -options_.curvature * start_.slope;
  }

  // Leaves a point that satisfies the conditions in trial_; or, when the steps
  // are used up, one that is at least lower.
  bool Search(double first) {
    LinePoint previous = start_;
    double step = first;
    for (int64_t k = 0; k < options_.max_line_search_steps; ++k) {
      const LinePoint point = Evaluate(step);
      if (TooHigh(point) || (k > 0 && point.value >= previous.value)) {
        return Zoom(previous, point, k + 1);
      }
      if (FlatEnough(point)) return true;
      if (point.slope >= 0) return Zoom(point, previous, k + 1);
      previous = point;
      step *= 2;
    }
    return trial_value_ < start_.value;
  }

  // `low` satisfies the first condition and is the lowest so far; the interval
  // to `high` holds a good step.
  bool Zoom(LinePoint low, LinePoint high, int64_t used) {
    for (; used < options_.max_line_search_steps; ++used) {
      const LinePoint point = Evaluate(Interpolate(low, high));
      if (TooHigh(point) || point.value >= low.value) {
        high = point;
      } else {
        if (FlatEnough(point)) return true;
        if (point.slope * (high.step - low.step) >= 0) high = low;
        low = point;
      }
    }
    if (low.step == 0) return false;
    return Evaluate(low.step).value < start_.value;
  }

  LbfgsFunction function_;
  const LbfgsOptions& options_;
  std::vector<double>& x_;
  std::vector<double> gradient_;
  std::vector<double> direction_;
  std::vector<double> trial_;
  std::vector<double> trial_gradient_;
  double trial_value_ = 0;
  LinePoint start_;
  std::vector<Pair> pairs_;  // a ring
  size_t newest_ = 0;
  LbfgsResult result_;
};

}  // namespace

absl::Status Validate(const LbfgsOptions& options) {
  const auto error = [](const char* field, double value, const char* bound) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "LbfgsOptions.%s is %g, must be %s", field, value, bound));
  };
  if (options.history < 1 || options.history > 1000) {
    return error("history", static_cast<double>(options.history),
                 "in [1, 1000]");
  }
  if (options.max_iterations < 0) {
    return error("max_iterations", static_cast<double>(options.max_iterations),
                 ">= 0");
  }
  if (!(options.gradient_tolerance >= 0)) {
    return error("gradient_tolerance", options.gradient_tolerance, ">= 0");
  }
  if (!(options.sufficient_decrease > 0 &&
        options.sufficient_decrease < options.curvature)) {
    return error("sufficient_decrease", options.sufficient_decrease,
                 "in (0, curvature)");
  }
  if (!(options.curvature < 1)) {
    return error("curvature", options.curvature, "below 1");
  }
  if (options.max_line_search_steps < 1) {
    return error("max_line_search_steps",
                 static_cast<double>(options.max_line_search_steps), ">= 1");
  }
  return absl::OkStatus();
}

LbfgsResult MinimizeLbfgs(LbfgsFunction function, std::vector<double>* x,
                          const LbfgsOptions& options, LbfgsDone done,
                          const runtime::Runtime& runtime) {
  MUSTER_CHECK(Validate(options).ok());
  return Minimizer(function, x, options).Run(done, runtime);
}

LbfgsResult MinimizeLbfgs(LbfgsFunction function, std::vector<double>* x,
                          const LbfgsOptions& options,
                          const runtime::Runtime& runtime) {
  return MinimizeLbfgs(
      function, x, options,
      [](double, std::span<const double>) { return false; }, runtime);
}

}  // namespace muster::models
