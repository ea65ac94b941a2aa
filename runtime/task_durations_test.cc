#include "muster/runtime/task_durations.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/math.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"

namespace muster::runtime {
namespace {

SpeedLaw Recorded(std::vector<double> seconds, SpeedLaw::Sampling sampling,
                  double shift = 0) {
  auto samples = EmpiricalSamples::Create(std::move(seconds));
  MUSTER_CHECK_OK(samples);
  return SpeedLaw::Empirical(*samples, sampling, shift);
}

// One law of each family and branch.
std::vector<SpeedLaw> AllLaws() {
  using Sampling = SpeedLaw::Sampling;
  return {SpeedLaw::Constant(3),
          SpeedLaw::Uniform(2, 5, 1),
          SpeedLaw::Exponential(29, 29),
          SpeedLaw::ShiftedExponential(3, 7, 0.5),
          SpeedLaw::HalfNormal(2, 1),
          SpeedLaw::Lognormal(1, 0.5, 2),
          SpeedLaw::Gamma(29, 0.5, 4),
          SpeedLaw::Gamma(0.7, 3),
          SpeedLaw::Weibull(0.8, 2, 1),
          SpeedLaw::Weibull(3, 2),
          SpeedLaw::Pareto(2, 9, 1),
          Recorded({5, 1, 4, 1, 3}, Sampling::kResample, 1),
          Recorded({5, 1, 4, 1, 3}, Sampling::kReplay)};
}

// The table in the header, written out with the plain generator.
TEST(TaskDurationsTest, BitsAreAsSpecified) {
  const std::vector<SpeedLaw> laws = AllLaws();
  const TaskDurations durations(laws, 42);
  for (const int64_t task : {int64_t{0}, int64_t{1}, int64_t{7},
                             (int64_t{1} << 32) + 5, int64_t{1} << 62}) {
    const auto stream = [&](int w) { return Rng(42).Fork("task_duration", w); };
    const auto bits = [&](int w) { return stream(w).At(task).NextUint64(); };
    const auto u = [&](int w) { return ToUnitOpen(bits(w)); };
    const auto e = [&](int w) { return -Log(u(w)); };
    const auto z = [&](int w) { return InverseNormalCdf(u(w)); };
    Rng gamma = stream(6).Fork("gamma", task);
    Rng small_gamma = stream(7).Fork("gamma", task);
    const double recorded[] = {5, 1, 4, 1, 3};
    const int resampled =
        static_cast<int>(static_cast<unsigned __int128>(bits(11)) * 5 >> 64);
    const std::vector<double> expected = {3,
                                          (1.0 + 2.0) + 3 * u(1),
                                          29 + 29 * e(2),
                                          (0.5 + 3) + 7 * e(3),
                                          1 + 2 * std::abs(z(4)),
                                          2 + Exp(1 + 0.5 * z(5)),
                                          4 + 0.5 * Gamma(gamma, 29),
                                          3 * Gamma(small_gamma, 0.7),
                                          1 + 2 * Exp(Log(e(8)) / 0.8),
                                          2 * Exp(Log(e(9)) / 3),
                                          1 + 2 * Exp(e(10) / 9),
                                          1 + recorded[resampled],
                                          recorded[task % 5]};
    for (size_t w = 0; w < laws.size(); ++w) {
      EXPECT_EQ(durations.Draw(w, task), expected[w])
          << laws[w].ToText() << " task " << task;
    }
  }
}

// Pinned: the same bits for every compiler, instruction set and machine. A
// change here changes every published number.
TEST(TaskDurationsTest, BitsNeverChange) {
  const TaskDurations durations(AllLaws(), 1);
  constexpr double kFirstAndMillionth[][2] = {
      {0x1.8p+1, 0x1.8p+1},
      {0x1.3ad054c4da1cep+2, 0x1.0fca9a2e47547p+2},
      {0x1.e6711a3c9492fp+5, 0x1.42b7787310064p+5},
      {0x1.1b1c5abe91d0cp+2, 0x1.3c8065bbe482ap+2},
      {0x1.ad8de701d7838p+1, 0x1.1e4a947b3df3p+1},
      {0x1.f9bb1ef2908dbp+1, 0x1.4f53bf2b65668p+2},
      {0x1.6e4863901cb5p+3, 0x1.68b4428aac82cp+4},
      {0x1.6501b4e813b6fp-3, 0x1.2ba7450ef4b82p+2},
      {0x1.53ce386bda429p+2, 0x1.abc593f5727bap+0},
      {0x1.010d8145e9784p+1, 0x1.3d56652f3b206p+1},
      {0x1.a1daff4887d5p+1, 0x1.8dc36ac73d753p+1},
      {0x1p+1, 0x1.4p+2},
      {0x1.4p+2, 0x1.4p+2},
  };
  ASSERT_EQ(static_cast<size_t>(durations.num_workers()),
            std::size(kFirstAndMillionth));
  for (int w = 0; w < durations.num_workers(); ++w) {
    EXPECT_EQ(durations.Draw(w, 0), kFirstAndMillionth[w][0])
        << durations.law(w).ToText();
    EXPECT_EQ(durations.Draw(w, 1000000), kFirstAndMillionth[w][1])
        << durations.law(w).ToText();
  }
}

TEST(TaskDurationsTest, BatchesHaveTheBitsOfDraw) {
  std::mt19937_64 bits(1);
  const std::vector<std::vector<SpeedLaw>> clusters = {
      AllLaws(),
      std::vector<SpeedLaw>(100, SpeedLaw::Exponential(2, 2)),
      std::vector<SpeedLaw>(100, SpeedLaw::Uniform(1, 2)),
      {SpeedLaw::Uniform(1, 2), SpeedLaw::Exponential(3), SpeedLaw::Constant(1),
       SpeedLaw::ShiftedExponential(1, 2)}};
  for (const std::vector<SpeedLaw>& laws : clusters) {
    const TaskDurations durations(laws, 7);
    for (const int size : {0, 1, 2, 7, 8, 9, 23, 63, 64, 65, 200}) {
      std::vector<int32_t> workers(size);
      std::vector<int64_t> tasks(size);
      for (int k = 0; k < size; ++k) {
        workers[k] = static_cast<int32_t>(bits() % laws.size());
        tasks[k] = static_cast<int64_t>(bits() >> (1 + bits() % 63));
      }
      std::vector<double> seconds(size);
      durations.DrawBatch(workers, tasks, seconds);
      for (int k = 0; k < size; ++k) {
        ASSERT_EQ(seconds[k], durations.Draw(workers[k], tasks[k]))
            << laws[workers[k]].ToText() << " size " << size << " at " << k;
      }
    }
  }
}

TEST(TaskDurationsTest, ConsecutiveWorkersHaveTheBitsOfDraw) {
  std::vector<SpeedLaw> laws;
  for (int i = 1; i <= 459; ++i) {
    laws.push_back(SpeedLaw::Exponential(29 * std::sqrt(i), 29 * std::sqrt(i)));
  }
  laws[99] = SpeedLaw::Gamma(2, 3);
  const TaskDurations durations(laws, 3);
  for (const int first : {0, 5, 90}) {
    std::vector<int64_t> tasks(459 - first);
    for (size_t k = 0; k < tasks.size(); ++k) tasks[k] = 1000 + k * k;
    std::vector<double> seconds(tasks.size());
    durations.DrawConsecutive(first, tasks, seconds);
    for (size_t k = 0; k < tasks.size(); ++k) {
      ASSERT_EQ(seconds[k], durations.Draw(first + k, tasks[k])) << first + k;
    }
  }
}

TEST(TaskDurationsTest, DependOnSeedWorkerAndTaskOnly) {
  const std::vector<SpeedLaw> same(3, SpeedLaw::Exponential(1));
  const TaskDurations a(same, 1);
  const TaskDurations b(same, 1);
  const TaskDurations other_seed(same, 2);
  EXPECT_EQ(a.Draw(1, 5), b.Draw(1, 5));
  EXPECT_NE(a.Draw(1, 5), a.Draw(2, 5));
  EXPECT_NE(a.Draw(1, 5), a.Draw(1, 6));
  EXPECT_NE(a.Draw(1, 5), other_seed.Draw(1, 5));
  // Another worker's law changes nothing for this one: common random numbers.
  std::vector<SpeedLaw> changed = same;
  changed[0] = SpeedLaw::Gamma(2, 2);
  EXPECT_EQ(TaskDurations(changed, 1).Draw(1, 5), a.Draw(1, 5));
}

TEST(TaskDurationsTest, ReplayCyclesThroughTheRecord) {
  const TaskDurations durations(
      {Recorded({3, 1, 2}, SpeedLaw::Sampling::kReplay)}, 9);
  const double expected[] = {3, 1, 2, 3, 1, 2, 3};
  for (int t = 0; t < 7; ++t) EXPECT_EQ(durations.Draw(0, t), expected[t]);
}

// Sampled against closed-form moments, and the Kolmogorov-Smirnov distance to
// Cdf. With m draws the mean errs by sqrt(Variance / m) and the variance by
// sqrt((m4 - Variance^2) / m), m4 the sampled fourth central moment. Six
// standard errors are exceeded with probability 2e-9 each; sqrt(m) D > 2.7 with
// probability 2 exp(-2 * 2.7^2) < 1e-6. The seed is fixed: no flakes.
TEST(TaskDurationsTest, DrawsFollowTheLaw) {
  constexpr int kDraws = 200000;
  const std::vector<SpeedLaw> laws = AllLaws();
  const TaskDurations durations(laws, 1);
  for (size_t w = 0; w < laws.size(); ++w) {
    const SpeedLaw& law = laws[w];
    std::vector<double> x(kDraws);
    double mean = 0;
    for (int t = 0; t < kDraws; ++t) mean += x[t] = durations.Draw(w, t);
    mean /= kDraws;
    double variance = 0;
    double fourth = 0;
    for (const double value : x) {
      const double square = (value - law.Mean()) * (value - law.Mean());
      variance += square;
      fourth += square * square;
    }
    variance /= kDraws;
    fourth /= kDraws;
    EXPECT_NEAR(mean, law.Mean(),
                6 * std::sqrt(law.Variance() / kDraws) + 1e-12 * law.Mean())
        << law.ToText();
    EXPECT_NEAR(
        variance, law.Variance(),
        6 * std::sqrt(std::max(0.0, fourth - variance * variance) / kDraws) +
            1e-12 * law.Mean())
        << law.ToText();
    std::sort(x.begin(), x.end());
    EXPECT_GT(x[0], 0) << law.ToText();
    double distance = 0;
    for (int k = 0; k < kDraws;) {
      int next = k;
      while (next < kDraws && x[next] == x[k]) ++next;
      const double at = law.Cdf(x[k]);
      const double before = law.Cdf(std::nextafter(x[k], 0));
      distance =
          std::max({distance, std::abs(at - static_cast<double>(next) / kDraws),
                    std::abs(before - static_cast<double>(k) / kDraws)});
      k = next;
    }
    EXPECT_LT(distance * std::sqrt(kDraws), 2.7) << law.ToText();
  }
}

TEST(TaskDurationsTest, MeanIsTheLaws) {
  const TaskDurations durations(AllLaws(), 1);
  EXPECT_EQ(durations.Mean(2), 58);
  EXPECT_EQ(durations.num_workers(), static_cast<int32_t>(AllLaws().size()));
}

TEST(TaskDurationsDeathTest, RejectsInvalidLawsAndUnequalSizes) {
  EXPECT_DEATH(TaskDurations({SpeedLaw::Exponential(-1)}, 1), "mean = -1");
  const TaskDurations durations({SpeedLaw::Constant(1)}, 1);
  const std::vector<int32_t> workers = {0};
  const std::vector<int64_t> tasks = {0, 1};
  std::vector<double> seconds(2);
  EXPECT_DEATH(durations.DrawBatch(workers, tasks, seconds), "size");
}

}  // namespace
}  // namespace muster::runtime
