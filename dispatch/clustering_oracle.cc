#include "muster/dispatch/clustering_oracle.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "muster/dispatch/squared_distance.h"

namespace muster::dispatch {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// All choices of `count` out of [0, size), ascending.
std::vector<std::vector<int64_t>> Choices(int64_t size, int64_t count) {
  std::vector<std::vector<int64_t>> choices;
  std::vector<int64_t> choice;
  const std::function<void(int64_t)> choose = [&](int64_t from) {
    if (static_cast<int64_t>(choice.size()) == count) {
      choices.push_back(choice);
      return;
    }
    for (int64_t i = from; i < size; ++i) {
      choice.push_back(i);
      choose(i + 1);
      choice.pop_back();
    }
  };
  choose(0);
  return choices;
}

double WeightOf(const ClusteringProblem& problem, int64_t j) {
  return problem.weights.empty() ? 1.0 : problem.weights[j];
}

// Calls visit(assignment, cost) for every assignment of the points to k
// clusters with sizes within bounds; cost_of(j, c) is not above `limit()`.
class Assignments {
 public:
  Assignments(const ClusteringProblem& problem, int64_t num_clusters,
              SizeBounds sizes)
      : problem_(problem),
        sizes_(sizes),
        choices_(Choices(num_clusters, problem.copies)),
        loads_(static_cast<size_t>(num_clusters), 0.0),
        taken_(static_cast<size_t>(problem.points.size)) {}

  // The least total over all assignments of `total`, where partial sums of
  // `cost_of` bound it from below (k-center: maxima).
  double Least(const std::function<double(int64_t, int64_t)>& cost_of,
               const std::function<double()>& total) {
    best_ = kInfinity;
    cost_of_ = &cost_of;
    total_ = &total;
    Visit(0, 0.0);
    return best_;
  }

  const std::vector<int64_t>& Of(int64_t j) const {
    return choices_[taken_[j]];
  }

 private:
  void Visit(int64_t j, double cost) {
    if (cost > best_) return;
    if (j == problem_.points.size) {
      for (const double load : loads_) {
        if (load < static_cast<double>(sizes_.lower) - 1e-9) return;
      }
      best_ = std::min(best_, *total_ ? (*total_)() : cost);
      return;
    }
    const double weight = WeightOf(problem_, j);
    const bool center = problem_.objective == Objective::kKCenter;
    for (size_t at = 0; at < choices_.size(); ++at) {
      bool fits = true;
      double sum = cost;
      for (const int64_t c : choices_[at]) {
        loads_[c] += weight;
        fits = fits && loads_[c] <= static_cast<double>(sizes_.upper) + 1e-9;
        const double own = (*cost_of_)(j, c);
        sum = center ? std::max(sum, own) : sum + weight * own;
      }
      taken_[j] = at;
      if (fits) Visit(j + 1, sum);
      for (const int64_t c : choices_[at]) loads_[c] -= weight;
    }
  }

  const ClusteringProblem& problem_;
  SizeBounds sizes_;
  std::vector<std::vector<int64_t>> choices_;
  std::vector<double> loads_;
  std::vector<size_t> taken_;
  const std::function<double(int64_t, int64_t)>* cost_of_ = nullptr;
  const std::function<double()>* total_ = nullptr;
  double best_ = kInfinity;
};

// The k-means cost of the current assignment with the best centres.
double CostOfMeans(const ClusteringProblem& problem, int64_t num_clusters,
                   const Assignments& assignments) {
  const int64_t n = problem.points.size, d = problem.points.dimension;
  double cost = 0;
  for (int64_t c = 0; c < num_clusters; ++c) {
    std::vector<int64_t> members;
    double mass = 0;
    for (int64_t j = 0; j < n; ++j) {
      const std::vector<int64_t>& mine = assignments.Of(j);
      if (std::find(mine.begin(), mine.end(), c) == mine.end()) continue;
      members.push_back(j);
      mass += WeightOf(problem, j);
    }
    for (int64_t m = 0; m < d; ++m) {
      double mean = 0;
      for (const int64_t j : members) {
        mean += WeightOf(problem, j) * problem.points.Point(j)[m] / mass;
      }
      for (const int64_t j : members) {
        const double difference = problem.points.Point(j)[m] - mean;
        cost += WeightOf(problem, j) * difference * difference;
      }
    }
  }
  return cost;
}

}  // namespace

std::optional<double> BestAssignmentCost(const ClusteringProblem& problem,
                                         PointsView centers, SizeBounds sizes) {
  if (centers.size < problem.copies) return std::nullopt;
  Assignments assignments(problem, centers.size, sizes);
  const double best = assignments.Least(
      [&](int64_t j, int64_t c) {
        const double square =
            SquaredDistance(problem.points.Point(j), centers.Point(c));
        return problem.objective == Objective::kKMeans ? square
                                                       : std::sqrt(square);
      },
      nullptr);
  if (best == kInfinity) return std::nullopt;
  return best;
}

double BestClusteringCost(const ClusteringProblem& problem,
                          bool centers_are_points) {
  const int64_t k = problem.num_clusters;
  if (!centers_are_points) {
    if (problem.objective != Objective::kKMeans) return 0;
    Assignments assignments(problem, k, problem.sizes);
    return assignments.Least(
        [](int64_t, int64_t) { return 0.0; },
        [&] { return CostOfMeans(problem, k, assignments); });
  }
  double best = kInfinity;
  for (const std::vector<int64_t>& rows : Choices(problem.points.size, k)) {
    const PointSet centers = SelectPoints(problem.points, rows);
    best = std::min(best,
                    BestAssignmentCost(problem, centers.View(), problem.sizes)
                        .value_or(kInfinity));
  }
  return best;
}

}  // namespace muster::dispatch
