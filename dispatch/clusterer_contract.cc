#include "muster/dispatch/clusterer_contract.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clusterer_contract_stop.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/clustering_oracle.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::UniformInt;
using ::testing::HasSubstr;

// An instance that owns its data.
struct Instance {
  PointSet points = {};
  std::vector<double> weights = {};
  ClusteringProblem problem = {};
  // No squared distance comes near the ends of float's range.
  bool moderate = true;

  // The problem, with views of this instance's data.
  ClusteringProblem Problem() const {
    ClusteringProblem view = problem;
    view.points = points.View();
    view.weights = weights;
    return view;
  }
};

std::vector<Objective> ObjectivesOf(const ClustererTraits& traits) {
  std::vector<Objective> objectives;
  if (traits.median) objectives.push_back(Objective::kKMedian);
  if (traits.means) objectives.push_back(Objective::kKMeans);
  if (traits.center) objectives.push_back(Objective::kKCenter);
  return objectives;
}

// Kinds of points; those between are of moderate size.
constexpr int64_t kTiny = 0, kHuge = 6, kNumKinds = 7;

PointSet GeneratePoints(Rng rng, int64_t kind, int64_t n, int64_t d) {
  PointSet points{.dimension = d};
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t m = 0; m < d; ++m) {
      double value = 0;
      switch (kind) {
        case kTiny:
          value = 1e-18 * Normal(rng);
          break;
        case kHuge:
          value = 1e15 * Normal(rng);
          break;
        case 1:  // all equal
          value = 3;
          break;
        case 2:  // a grid: duplicates and ties
          value = static_cast<double>(UniformInt(rng, 3));
          break;
        case 3:  // constant features but the first
          value = m == 0 ? Normal(rng) : 7;
          break;
        case 4:  // far heaps
          value = static_cast<double>(100 * (j % 3)) + Normal(rng);
          break;
        default:
          value = Normal(rng);
      }
      points.values.push_back(static_cast<float>(value));
    }
  }
  return points;
}

Instance Generate(Rng rng, const ClustererTraits& traits, int64_t max_points) {
  Instance instance;
  const int64_t least = std::max<int64_t>(1, traits.min_copies);
  // Every third one small enough for brute force.
  const int64_t most = UniformInt(rng, 3) == 0 ? 6 : max_points;
  const int64_t n = least + UniformInt(rng, most - least + 1);
  const int64_t k =
      least + UniformInt(rng, std::min<int64_t>(n, 6) - least + 1);
  const int64_t p =
      least + UniformInt(rng, std::min(k, traits.max_copies) - least + 1);
  const int64_t d = 1 + UniformInt(rng, 4);
  const int64_t kind = UniformInt(rng, kNumKinds);
  instance.moderate = kind != kTiny && kind != kHuge;
  instance.points = GeneratePoints(rng.Fork("points"), kind, n, d);
  const std::vector<Objective> objectives = ObjectivesOf(traits);
  instance.problem = {
      .num_clusters = k,
      .copies = p,
      .objective =
          objectives[UniformInt(rng, static_cast<int64_t>(objectives.size()))]};
  SizeBounds& sizes = instance.problem.sizes;
  switch (UniformInt(rng, 4)) {
    case 0:
      break;  // no bounds
    case 1:
      sizes = EqualSizes(n, k, p);
      break;
    default:
      sizes.lower = UniformInt(rng, n * p / k + 1);
      sizes.upper = (n * p + k - 1) / k + UniformInt(rng, n);
  }
  return instance;
}

// Heaps of 1 : 2 : ... : 6 points on a grid of eighths, so that many distances
// tie; sizes within half of and twice their mean.
Instance GenerateLarge(Rng rng, const ClustererTraits& traits,
                       Objective objective, int64_t n) {
  constexpr int64_t kHeaps = 6, kDimension = 3;
  const int64_t k = std::min<int64_t>(8, n);
  const int64_t p =
      std::clamp<int64_t>(2, traits.min_copies, std::min(k, traits.max_copies));
  Instance instance;
  instance.points.dimension = kDimension;
  for (int64_t j = 0; j < n; ++j) {
    const int64_t draw = UniformInt(rng, kHeaps * (kHeaps + 1) / 2);
    int64_t heap = 0;
    while ((heap + 1) * (heap + 2) / 2 <= draw) ++heap;
    for (int64_t m = 0; m < kDimension; ++m) {
      const double value = 2.5 * static_cast<double>(heap >> m & 1) +
                           static_cast<double>(heap) / 4 + Normal(rng);
      instance.points.values.push_back(
          static_cast<float>(std::round(8 * value) / 8));
    }
  }
  instance.problem = {.num_clusters = k,
                      .copies = p,
                      .sizes = {n * p / (2 * k), 2 * n * p / k + 1},
                      .objective = objective};
  return instance;
}

std::string Describe(const Instance& instance) {
  const ClusteringProblem problem = instance.Problem();
  std::string text =
      absl::StrFormat("n %d d %d k %d p %d sizes [%d, %d] %s\n",
                      problem.points.size, problem.points.dimension,
                      problem.num_clusters, problem.copies, problem.sizes.lower,
                      problem.sizes.upper, ObjectiveName(problem.objective));
  if (problem.points.size > 100) return text;
  for (int64_t j = 0; j < problem.points.size; ++j) {
    for (const float value : problem.points.Point(j)) {
      text += absl::StrFormat(" %.9g", value);
    }
    text += ";";
  }
  return text;
}

bool SameBits(const Clustering& a, const Clustering& b) {
  const auto same = [](double x, double y) {
    return x == y || (std::isnan(x) && std::isnan(y));
  };
  return a.centers == b.centers && a.center_points == b.center_points &&
         a.clusters == b.clusters && a.copies == b.copies &&
         a.sizes == b.sizes && a.guaranteed_sizes == b.guaranteed_sizes &&
         a.prices == b.prices && same(a.cost, b.cost) &&
         same(a.lower_bound, b.lower_bound) && a.scope == b.scope &&
         a.iterations == b.iterations && a.converged == b.converged;
}

void CheckTraits(const ClustererTraits& traits,
                 const ClusteringProblem& problem, const Clustering& result) {
  EXPECT_GE(result.num_clusters(), problem.copies);
  if (traits.exact_count) {
    EXPECT_EQ(result.num_clusters(), problem.num_clusters);
  }
  if (traits.keeps_bounds) {
    const int64_t all = problem.points.size;
    EXPECT_GE(result.guaranteed_sizes.lower, problem.sizes.lower);
    EXPECT_LE(std::min(result.guaranteed_sizes.upper, all),
              std::min(problem.sizes.upper, all));
  }
  EXPECT_EQ(result.center_points.empty(), !traits.centers_are_points);
  for (size_t c = 0; c < result.center_points.size(); ++c) {
    const int64_t j = result.center_points[c];
    ASSERT_TRUE(0 <= j && j < problem.points.size);
    const auto center = result.centers.Point(static_cast<int64_t>(c));
    const auto point = problem.points.Point(j);
    EXPECT_TRUE(std::equal(center.begin(), center.end(), point.begin()));
  }
  EXPECT_EQ(result.prices.empty(), !traits.prices);
  for (const double price : result.prices) EXPECT_TRUE(std::isfinite(price));
}

// Assignments of n points to p of k clusters: C(k, p)^n.
double NumAssignments(int64_t n, int64_t k, int64_t p) {
  double choices = 1;
  for (int64_t i = 0; i < p; ++i) {
    choices *= static_cast<double>(k - i) / static_cast<double>(i + 1);
  }
  return std::pow(choices, static_cast<double>(n));
}

// The certificate, and the cost, against the best there is.
void CheckAgainstBruteForce(const ClustererTraits& traits,
                            const ClusteringProblem& problem,
                            const Clustering& result) {
  if (problem.points.size > 6 ||
      NumAssignments(problem.points.size, result.num_clusters(),
                     problem.copies) > 1000) {
    return;
  }
  const double slack = 1e-6;
  const std::optional<double> fixed =
      BestAssignmentCost(problem, result.centers.View(), problem.sizes);
  if (fixed.has_value() && result.scope != CertificateScope::kNone) {
    EXPECT_LE(result.lower_bound, *fixed * (1 + slack));
  }
  if (fixed.has_value() && traits.keeps_bounds) {
    EXPECT_GE(result.cost, *fixed * (1 - slack));
  }
  if (problem.num_clusters > 3) return;
  const double best = BestClusteringCost(problem, traits.centers_are_points);
  if (result.scope == CertificateScope::kAnyCenters) {
    EXPECT_LE(result.lower_bound, best * (1 + slack));
  }
  if (traits.keeps_bounds && traits.exact_count) {
    EXPECT_GE(result.cost, best * (1 - slack));
  }
}

bool IsCertified(const Clustering& result) {
  return result.scope == CertificateScope::kAnyCenters &&
         result.lower_bound >= result.cost * (1 - 1e-9);
}

// Another clustering of the same points in another order, or scaled: no better
// than a certified one, and as good when it is certified too, as it must be
// from a clusterer that always finds the optimum.
void ExpectSameOptimum(const ClustererTraits& traits, const Clustering& other,
                       double optimum) {
  if (traits.optimal) {
    EXPECT_TRUE(IsCertified(other));
  }
  if (IsCertified(other)) {
    EXPECT_NEAR(other.cost, optimum, 1e-6 * optimum);
  } else if (traits.keeps_bounds && traits.exact_count) {
    EXPECT_GE(other.cost, optimum * (1 - 1e-6));
  }
  if (other.scope == CertificateScope::kAnyCenters) {
    EXPECT_LE(other.lower_bound, optimum * (1 + 1e-6));
  }
}

// An optimum does not depend on the order of the points, and scales.
void CheckSymmetries(const Clusterer& clusterer, const Instance& instance,
                     const Clustering& result, Rng rng) {
  const ClustererTraits traits = clusterer.traits();
  if (traits.optimal) {
    EXPECT_TRUE(IsCertified(result));
  }
  if (!IsCertified(result)) return;
  const int64_t n = instance.points.size();
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  runtime::Shuffle(rng, std::span<int64_t>(order));
  Instance permuted = instance;
  permuted.points = SelectPoints(instance.points.View(), order);
  const auto other =
      clusterer.Cluster(permuted.Problem(), rng.Fork("permuted"), {});
  ASSERT_THAT(other, IsOk());
  ExpectSameOptimum(traits, *other, result.cost);

  Instance scaled = instance;
  for (float& value : scaled.points.values) value *= 4;
  const auto larger =
      clusterer.Cluster(scaled.Problem(), rng.Fork("scaled"), {});
  ASSERT_THAT(larger, IsOk());
  const double factor =
      instance.problem.objective == Objective::kKMeans ? 16 : 4;
  ExpectSameOptimum(traits, *larger, factor * result.cost);
}

// The same clustering of the points times a power of two, with the same draws.
void CheckScaling(const Clusterer& clusterer, const Instance& instance,
                  const Clustering& result, Rng draws) {
  constexpr float kScale = 4;
  Instance scaled = instance;
  for (float& value : scaled.points.values) value *= kScale;
  const auto larger = clusterer.Cluster(scaled.Problem(), draws, {});
  ASSERT_THAT(larger, IsOk());
  const double factor = instance.problem.objective == Objective::kKMeans
                            ? kScale * kScale
                            : kScale;
  Clustering expected = result;
  for (float& value : expected.centers.values) value *= kScale;
  for (double& price : expected.prices) price *= factor;
  expected.cost *= factor;
  expected.lower_bound *= factor;
  EXPECT_TRUE(SameBits(expected, *larger))
      << "cost " << result.cost << ", of the scaled points " << larger->cost;
}

void CheckInstance(const Clusterer& clusterer, const Instance& instance,
                   Rng rng, bool all_threads, bool scales_exactly) {
  SCOPED_TRACE(Describe(instance));
  const ClustererTraits traits = clusterer.traits();
  const ClusteringProblem problem = instance.Problem();
  const Rng draws = rng.Fork("cluster");
  const auto result = clusterer.Cluster(problem, draws, {.threads = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(CheckClustering(problem, *result), IsOk());
  CheckTraits(traits, problem, *result);
  CheckAgainstBruteForce(traits, problem, *result);
  const std::vector<int> threads =
      all_threads ? std::vector<int>{1, 2, 3, 8} : std::vector<int>{2};
  for (const int count : threads) {
    const auto again = clusterer.Cluster(problem, draws, {.threads = count});
    ASSERT_THAT(again, IsOk());
    EXPECT_TRUE(SameBits(*result, *again)) << count << " threads";
  }
  CheckSymmetries(clusterer, instance, *result, rng.Fork("symmetry"));
  if (scales_exactly && instance.moderate) {
    CheckScaling(clusterer, instance, *result, draws);
  }
}

// Enough points for several blocks, each of which could go its own way.
void CheckLarge(const Clusterer& clusterer, const Instance& instance,
                Rng draws) {
  SCOPED_TRACE(Describe(instance));
  const ClusteringProblem problem = instance.Problem();
  const auto result = clusterer.Cluster(problem, draws, {.threads = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(CheckClustering(problem, *result), IsOk());
  CheckTraits(clusterer.traits(), problem, *result);
  for (const int threads : {2, 3, 8}) {
    const auto again = clusterer.Cluster(problem, draws, {.threads = threads});
    ASSERT_THAT(again, IsOk());
    EXPECT_TRUE(SameBits(*result, *again)) << threads << " threads";
  }
}

// A valid instance that the clusterer takes, to be spoilt.
Instance Sound(const ClustererTraits& traits) {
  Instance instance;
  const int64_t k = std::max<int64_t>(2, traits.min_copies);
  instance.points.dimension = 2;
  for (int64_t j = 0; j < 2 * k + 1; ++j) {
    instance.points.values.push_back(static_cast<float>(j));
    instance.points.values.push_back(static_cast<float>(j % 3));
  }
  instance.problem = {.num_clusters = k,
                      .copies = std::max<int64_t>(1, traits.min_copies),
                      .objective = ObjectivesOf(traits)[0]};
  return instance;
}

void ExpectRefusal(const Clusterer& clusterer, const Instance& instance,
                   absl::StatusCode code, const std::string& words) {
  EXPECT_THAT(clusterer.Cluster(instance.Problem(), Rng(1), {}),
              StatusIs(code, HasSubstr(words)))
      << Describe(instance);
}

void CheckRefusals(const Clusterer& clusterer) {
  const ClustererTraits traits = clusterer.traits();
  const Instance sound = Sound(traits);
  const absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
  const auto refuse = [&](const std::string& words,
                          const std::function<void(Instance&)>& spoil) {
    Instance instance = sound;
    spoil(instance);
    ExpectRefusal(clusterer, instance, kInvalid, words);
  };
  EXPECT_THAT(clusterer.Cluster(sound.Problem(), Rng(1), {}), IsOk());
  const int64_t n = sound.points.size();
  refuse("k <= n", [&](Instance& i) { i.problem.num_clusters = n + 1; });
  refuse("k >= 1", [](Instance& i) { i.problem.num_clusters = 0; });
  refuse("p >= 1", [](Instance& i) { i.problem.copies = 0; });
  refuse("p <= k",
         [](Instance& i) { i.problem.copies = i.problem.num_clusters + 1; });
  refuse("a <= b", [](Instance& i) { i.problem.sizes = {2, 1}; });
  refuse("k a <= n p",
         [&](Instance& i) { i.problem.sizes.lower = n * i.problem.copies; });
  refuse("n p <= k min(b, n)", [](Instance& i) { i.problem.sizes = {0, 1}; });
  refuse("no points", [](Instance& i) { i.points.values.clear(); });
  refuse("row 1, column 1", [](Instance& i) {
    i.points.values[3] = std::numeric_limits<float>::quiet_NaN();
  });
  refuse("row 2, column 0", [](Instance& i) {
    i.points.values[4] = -std::numeric_limits<float>::infinity();
  });
  refuse("weights", [](Instance& i) { i.weights = {1.0}; });
  refuse("weights", [&](Instance& i) {
    i.weights.assign(static_cast<size_t>(n), 1.0);
    i.weights[1] = -1;
    i.weights[0] = 3;
  });
  if (!traits.weights) {
    refuse("weights",
           [&](Instance& i) { i.weights.assign(static_cast<size_t>(n), 1.0); });
  }
  for (const Objective objective :
       {Objective::kKMedian, Objective::kKMeans, Objective::kKCenter}) {
    const std::vector<Objective> taken = ObjectivesOf(traits);
    if (std::find(taken.begin(), taken.end(), objective) != taken.end()) {
      continue;
    }
    refuse("objective", [&](Instance& i) { i.problem.objective = objective; });
  }
  if (traits.min_copies > 1) {
    refuse("copies",
           [&](Instance& i) { i.problem.copies = traits.min_copies - 1; });
  }
  if (traits.max_copies < 3) {
    refuse("copies", [&](Instance& i) {
      i.problem.num_clusters = i.problem.copies = traits.max_copies + 1;
    });
  }
  if (traits.max_points > 0) {
    Instance instance = sound;
    instance.points.values.resize(
        static_cast<size_t>(2 * (traits.max_points + 1)), 1.0F);
    ExpectRefusal(clusterer, instance, absl::StatusCode::kResourceExhausted,
                  "points");
  }
}

}  // namespace

void CheckClustererContract(const Clusterer& clusterer,
                            const ContractOptions& options) {
  const ClustererTraits traits = clusterer.traits();
  ASSERT_FALSE(ObjectivesOf(traits).empty());
  ASSERT_LE(traits.min_copies, traits.max_copies);
  const auto allowed = [&](int64_t points) {
    return traits.max_points > 0 ? std::min(points, traits.max_points) : points;
  };
  const Rng root = Rng(runtime::TestSeed()).Fork("clusterer_contract");
  for (int64_t i = 0; i < options.instances; ++i) {
    const Rng rng = root.Fork("instance", static_cast<uint64_t>(i));
    CheckInstance(clusterer, Generate(rng, traits, allowed(options.max_points)),
                  rng, /*all_threads=*/i % 10 == 0, options.scales_exactly);
    if (testing::Test::HasFailure()) return;
  }
  for (const Objective objective : ObjectivesOf(traits)) {
    const Rng rng = root.Fork("large", static_cast<uint64_t>(objective));
    const int64_t points =
        allowed(objective == Objective::kKMeans ? options.large_points
                                                : options.large_metric_points);
    CheckLarge(clusterer, GenerateLarge(rng, traits, objective, points),
               rng.Fork("cluster"));
  }
  CheckRefusals(clusterer);
  Instance sound = Sound(traits);
  for (const Objective objective : ObjectivesOf(traits)) {
    sound.problem.objective = objective;
    CheckStops(clusterer, sound.Problem());
  }
}

}  // namespace muster::dispatch
