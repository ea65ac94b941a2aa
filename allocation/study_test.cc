#include "muster/allocation/study.h"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocators.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/round_simulator.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/task_durations.h"
#include "muster/runtime/worker_spec.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::SpeedLaw;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TaskDurations;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The paper's workers: beta_i + Exp(beta_i), beta_i = 29 i^power.
struct World {
  std::vector<SpeedLaw> laws;
  AllocatorOptions options;
  double loss = 0;  // of the optimal allocation
};

World PaperWorld(int n, double power) {
  World world;
  for (int i = 1; i <= n; ++i) {
    const double beta = 29 * std::pow(i, power);
    world.laws.push_back(SpeedLaw::ShiftedExponential(beta, beta));
    world.options.true_means.push_back(2 * beta);
  }
  world.options.num_workers = n;
  world.options.budget = 23;
  world.options.alpha = 4 * 29 * std::pow(n, power);
  return world;
}

StudyPoint Play(absl::string_view policy, const World& world, int64_t rounds,
                uint64_t seed = 1) {
  const TaskDurations durations(world.laws, seed);
  AllocatorOptions options = world.options;
  options.seed = seed;
  auto allocator = CreateAllocator(policy, options);
  EXPECT_THAT(allocator, IsOk());
  RoundSimulator simulator(&durations);
  auto summary = RunStudy(allocator->get(), &simulator,
                          {.rounds = rounds, .budget = options.budget});
  EXPECT_THAT(summary, IsOk());
  EXPECT_TRUE(summary->complete);
  StudyPoint mean = summary->last;
  mean.runtime_seconds /= static_cast<double>(rounds);
  mean.worker_seconds /= static_cast<double>(rounds);
  mean.proxy_regret /= static_cast<double>(rounds);
  return mean;
}

// Means per round from 10^6 rounds of another simulation (standard error 0.05
// %). Here 20,000 rounds; the tolerance is 1 %, more than five standard errors
// of any of these (round times deviate by at most 40 % and 0.4 / sqrt(20000) =
// 0.28 %, the bill of UTA and the like far less).
TEST(StudyTest, FixedPoliciesHaveTheKnownMeans) {
  struct Case {
    int n;
    double power;
    double gta_time, gta_bill, uta_time, uta_bill, uta_regret;
  };
  const Case cases[] = {
      {17, 0.5, 243.69, 4142.7, 579.8, 3813.1, 215.7},
      {51, 0.5, 195.78, 9984, 755.3, 6439.2, 170.2},
      {459, 0.5, 195.72, 89838, 2248.6, 19083.9, 978.4},
      {17, 1, 493.68, 8392.6, 2146.1, 12006, 1268.3},
      {51, 1, 493.44, 25165, 4774, 34684, 2368.3},
  };
  for (const Case& c : cases) {
    const World world = PaperWorld(c.n, c.power);
    const StudyPoint gta = Play("gta", world, 20000);
    EXPECT_NEAR(gta.runtime_seconds, c.gta_time, 0.01 * c.gta_time);
    EXPECT_NEAR(gta.worker_seconds, c.gta_bill, 0.01 * c.gta_bill);
    EXPECT_NEAR(gta.worker_seconds, c.n * gta.runtime_seconds, 1e-6);
    EXPECT_TRUE(std::isnan(gta.proxy_regret));
    const StudyPoint uta = Play("uta", world, 20000);
    EXPECT_NEAR(uta.runtime_seconds, c.uta_time, 0.015 * c.uta_time);
    EXPECT_NEAR(uta.worker_seconds, c.uta_bill, 0.01 * c.uta_bill);
    EXPECT_NEAR(uta.proxy_regret, c.uta_regret, 0.015 * c.uta_regret);
    const StudyPoint ofta = Play("ofta", world, 20000);
    const double time = c.power == 1 ? 780.024 : 424.880;
    const double bill = c.power == 1 ? 4002 : 3290.837;
    EXPECT_NEAR(ofta.runtime_seconds, time, 0.01 * time);
    EXPECT_NEAR(ofta.worker_seconds, bill, 0.01 * bill);
    EXPECT_EQ(ofta.proxy_regret, 0);
    EXPECT_EQ(ofta.exploring_rounds, 0);
  }
}

TEST(StudyTest, ExponentialWorkersHaveClosedForms) {
  World world;
  double rate = 0;
  double mean = 0;
  for (int i = 1; i <= 20; ++i) {
    world.laws.push_back(SpeedLaw::Exponential(2.0 * i));
    rate += 1 / (2.0 * i);
    mean += 2.0 * i / 20;
    world.options.true_means.push_back(2.0 * i);
  }
  world.options.num_workers = 20;
  world.options.budget = 5;
  // Memoryless: B completions at the joint rate, whether tasks are kept or not.
  // Gamma(5) times: standard error 0.45 / sqrt(20000) = 0.32 %.
  for (const char* policy : {"gta", "gta_keep"}) {
    const StudyPoint gta = Play(policy, world, 20000);
    EXPECT_NEAR(gta.runtime_seconds, 5 / rate, 0.016 * 5 / rate) << policy;
  }
  const StudyPoint uta = Play("uta", world, 20000);
  EXPECT_NEAR(uta.worker_seconds, 5 * mean, 0.02 * 5 * mean);
  const StudyPoint ofta = Play("ofta", world, 20000);
  EXPECT_NEAR(ofta.runtime_seconds, 9.32695, 0.02 * 9.32695);
  EXPECT_NEAR(ofta.worker_seconds, 16, 0.02 * 16);
}

// Learners with the constants of the paper's text, 20,000 rounds: means of 6
// seeds of another simulation with their spread from seed to seed; the
// tolerance is five such spreads (rounded up) for the mean of two seeds.
TEST(StudyTest, LearnersHaveTheKnownMeans) {
  const struct {
    const char* policy;
    int n;
    double time, time_tolerance, bill, bill_tolerance, regret, regret_tolerance;
  } cases[] = {
      {"ata", 17, 428.3, 5.5, 3116, 20, 26.6, 2},
      {"ata_empirical", 17, 425.5, 8, 3293, 15, 1.33, 0.35},
      {"ata", 51, 556.3, 5.5, 3642, 15, 164.8, 4},
      {"ata_empirical", 51, 484.4, 5, 3732, 30, 77.8, 3.5},
  };
  for (const auto& c : cases) {
    const World world = PaperWorld(c.n, 0.5);
    StudyPoint sum;
    for (const uint64_t seed : {1, 2}) {
      const StudyPoint one = Play(c.policy, world, 20000, seed);
      sum.runtime_seconds += one.runtime_seconds / 2;
      sum.worker_seconds += one.worker_seconds / 2;
      sum.proxy_regret += one.proxy_regret / 2;
    }
    EXPECT_NEAR(sum.runtime_seconds, c.time, c.time_tolerance) << c.policy;
    EXPECT_NEAR(sum.worker_seconds, c.bill, c.bill_tolerance) << c.policy;
    EXPECT_NEAR(sum.proxy_regret, c.regret, c.regret_tolerance) << c.policy;
  }
}

// Exploration ends when the fixed point says.
TEST(StudyTest, ExplorationLastsAsPredicted) {
  for (const int n : {17, 51, 153}) {
    const World world = PaperWorld(n, 0.5);
    const double ata =
        ExplorationRounds(WidthKind::kAbsolute, world.options.true_means,
                          2 * world.options.alpha, 23);
    EXPECT_NEAR(static_cast<double>(Play("ata", world, 20000).exploring_rounds),
                ata, 0.025 * ata);
    const double empirical = ExplorationRounds(WidthKind::kRelative,
                                               world.options.true_means, 2, 23);
    EXPECT_NEAR(static_cast<double>(
                    Play("ata_empirical", world, 3000).exploring_rounds),
                empirical, 0.02 * empirical + 5);
  }
}

TEST(StudyTest, PoliciesOrderAsThePaperSays) {
  const World sqrt_law = PaperWorld(51, 0.5);
  const World linear_law = PaperWorld(51, 1);
  for (const World* world : {&sqrt_law, &linear_law}) {
    const StudyPoint gta = Play("gta", *world, 20000);
    const StudyPoint ofta = Play("ofta", *world, 20000);
    const StudyPoint ata = Play("ata", *world, 20000);
    const StudyPoint empirical = Play("ata_empirical", *world, 20000);
    const StudyPoint uta = Play("uta", *world, 20000);
    EXPECT_LT(gta.runtime_seconds, ofta.runtime_seconds);
    EXPECT_LT(ofta.runtime_seconds, empirical.runtime_seconds);
    EXPECT_LT(empirical.runtime_seconds, ata.runtime_seconds);
    EXPECT_LT(ata.runtime_seconds, uta.runtime_seconds);
    EXPECT_LT(ofta.worker_seconds, gta.worker_seconds);
    EXPECT_LT(empirical.proxy_regret, ata.proxy_regret);
    World wider = *world;
    wider.options.width_constant = kPaperFigures.width_constant;
    EXPECT_GT(Play("ata_empirical", wider, 20000).proxy_regret,
              empirical.proxy_regret);
  }
  EXPECT_LT(Play("uta", sqrt_law, 20000).worker_seconds,
            Play("gta", sqrt_law, 20000).worker_seconds);
  EXPECT_GT(Play("uta", linear_law, 20000).worker_seconds,
            Play("gta", linear_law, 20000).worker_seconds);
}

// Five exponential workers, B = 7, 20,000 rounds, 8 seeds: mean cumulative
// regret and its spread over seeds from another simulation; five standard
// errors.
TEST(StudyTest, RegretOfTheSmallInstance) {
  World world;
  for (int i = 1; i <= 5; ++i) {
    world.laws.push_back(SpeedLaw::Exponential(i));
    world.options.true_means.push_back(i);
  }
  world.options.num_workers = 5;
  world.options.budget = 7;
  const auto regret = [&](const char* policy, double alpha, double eta) {
    world.options.alpha = alpha;
    world.options.eta = eta;
    double sum = 0;
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      sum += 20000 * Play(policy, world, 20000, seed).proxy_regret;
    }
    return sum / 8;
  };
  EXPECT_NEAR(regret("uta", 1, 1), 82085, 5 * 220);
  EXPECT_NEAR(regret("ata", 7.66, 1), 4575, 5 * 216 / std::sqrt(8.0) * 1.5);
  EXPECT_NEAR(regret("ata_empirical", 1, 1.531), 3572,
              5 * 357 / std::sqrt(8.0) * 1.5);
  EXPECT_NEAR(regret("ata_empirical", 1, 1), 1904,
              5 * 247 / std::sqrt(8.0) * 1.5);
}

TEST(StudyTest, RecordsTotalsAtTheGrid) {
  EXPECT_THAT(RecordGrid(100, 2, 0), ElementsAre(1, 3, 10, 32, 100));
  EXPECT_THAT(RecordGrid(10, 0, 5), ElementsAre(2, 4, 6, 8, 10));
  EXPECT_THAT(RecordGrid(1, 20, 200), ElementsAre(1));
  const World world = PaperWorld(5, 1);
  const TaskDurations durations(world.laws, 1);
  auto allocator = CreateAllocator("ata_empirical", world.options);
  ASSERT_THAT(allocator, IsOk());
  RoundSimulator simulator(&durations);
  auto summary =
      RunStudy(allocator->get(), &simulator,
               {.rounds = 50, .budget = 23, .record_rounds = {1, 7, 50}});
  ASSERT_THAT(summary, IsOk());
  ASSERT_EQ(summary->points.size(), 3u);
  EXPECT_EQ(summary->points[1].round, 7);
  EXPECT_EQ(summary->points[1].completed_tasks, 7 * 23);
  EXPECT_EQ(summary->points[2], summary->last);
  EXPECT_EQ(summary->last.runtime_seconds, simulator.clock_seconds());
}

// Asks to stop at the first progress call past a number of rounds.
class StopAfter : public runtime::Observer {
 public:
  explicit StopAfter(int64_t rounds) : rounds_(rounds) {}
  bool OnProgress(const runtime::Progress& progress) override {
    return progress.done < rounds_;
  }

 private:
  const int64_t rounds_;
};

TEST(StudyTest, StoppedStudiesGoOnToTheSameBytes) {
  const World world = PaperWorld(40, 1);
  const TaskDurations durations(world.laws, 1);
  for (const AllocatorEntry& entry : AllocatorTable()) {
    const StudyOptions options{.rounds = 20000, .budget = 23};
    auto first = CreateAllocator(entry.name, world.options);
    auto second = CreateAllocator(entry.name, world.options);
    auto third = CreateAllocator(entry.name, world.options);
    RoundSimulator simulators[] = {RoundSimulator(&durations),
                                   RoundSimulator(&durations),
                                   RoundSimulator(&durations)};
    auto unbroken = Study::Create(first->get(), &simulators[0], options);
    ASSERT_THAT(unbroken->Run({}), IsOk());
    EXPECT_TRUE(unbroken->Summary().complete);

    StopAfter stop(10000);
    auto broken = Study::Create(second->get(), &simulators[1], options);
    ASSERT_THAT(broken->Run({.observer = &stop}), IsOk());
    EXPECT_FALSE(broken->Summary().complete);
    const std::string bytes = broken->SaveState();

    auto resumed = Study::Create(third->get(), &simulators[2], options);
    ASSERT_THAT(resumed->RestoreState(bytes), IsOk());
    ASSERT_THAT(resumed->Run({}), IsOk());
    EXPECT_EQ(resumed->SaveState(), unbroken->SaveState()) << entry.name;
  }
}

TEST(StudyTest, TheStopFlagEndsARunAtOnce) {
  const World world = PaperWorld(5, 1);
  const TaskDurations durations(world.laws, 1);
  auto allocator = CreateAllocator("uta", world.options);
  RoundSimulator simulator(&durations);
  const std::atomic<bool> stop = true;
  auto summary = RunStudy(allocator->get(), &simulator,
                          {.rounds = 1000, .budget = 23}, {.stop = &stop});
  ASSERT_THAT(summary, IsOk());
  EXPECT_FALSE(summary->complete);
  EXPECT_EQ(summary->last.round, 0);
}

TEST(StudyTest, OptionsAreChecked) {
  const auto message = [](const StudyOptions& options, const char* text) {
    EXPECT_THAT(Validate(options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  message({.rounds = 0, .budget = 1}, "rounds is 0");
  message({.rounds = 1, .budget = 0}, "budget is 0");
  message({.rounds = 9, .budget = 1, .record_rounds = {3, 3}},
          "record_rounds has 3 after 3");
  message({.rounds = 9, .budget = 1, .record_rounds = {10}},
          "record_rounds has 10");
  message({.rounds = 9, .budget = 1, .true_means = {1, -1}},
          "true_means[1] is -1");
  const TaskDurations pareto({SpeedLaw::Pareto(1, 0.5)}, 1);
  RoundSimulator simulator(&pareto);
  auto allocator = CreateAllocator("uta", {.num_workers = 1, .budget = 1});
  EXPECT_THAT(
      RunStudy(allocator->get(), &simulator, {.rounds = 1, .budget = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("worker 0 has mean inf")));
  EXPECT_THAT(RunStudy(allocator->get(), &simulator,
                       {.rounds = 1, .budget = 1, .regret = false}),
              IsOk());
}

runtime::SpeedModel ModelOf(std::vector<runtime::WorkerSpec> workers) {
  auto model = runtime::SpeedModel::Create(
      {.workers = std::move(workers), .text = ""}, 1);
  EXPECT_THAT(model, IsOk());
  return *std::move(model);
}

// Worker 0 (1 s a task) is down from 2.5 to 100: it ends two of its tasks,
// loses the third and the waiting fourth; worker 1 (1.5 s) redoes the two,
// from 3.
TEST(StudyTest, LostTasksAreGivenOutAgain) {
  runtime::SpeedModel model =
      ModelOf({{.law = SpeedLaw::Constant(1),
                .modifiers = {runtime::SpeedModifier::Outage(2.5, 100)}},
               {.law = SpeedLaw::Constant(1.5), .modifiers = {}}});
  AllocatorOptions options{.num_workers = 2, .budget = 6};
  options.true_means = {1, 1.5};
  auto allocator = CreateAllocator("ofta", options);
  RoundSimulator simulator(&model);
  Allocation allocation;
  auto outcome = simulator.Play(**allocator, 1, 6, &allocation);
  ASSERT_THAT(outcome, IsOk());
  EXPECT_THAT(allocation.tasks,
              ElementsAre(WorkerTasks{0, 4}, WorkerTasks{1, 2}));
  EXPECT_EQ(outcome->round_seconds, 3 + 3);
  EXPECT_EQ(outcome->worker_seconds, 2.5 + 3 + 3);
  EXPECT_EQ(outcome->missing_tasks, 0);
  // The next round finds worker 0 down.
  outcome = simulator.Play(**allocator, 2, 6, &allocation);
  ASSERT_THAT(outcome, IsOk());
  EXPECT_THAT(allocation.tasks, ElementsAre(WorkerTasks{1, 6}));
}

// ATA that sets a flag at one of its calls.
class StopAtCall : public Allocator {
 public:
  StopAtCall(std::unique_ptr<Allocator> inner, int64_t call)
      : Allocator(inner->num_workers()),
        inner_(std::move(inner)),
        call_(call) {}
  void Allocate(const RoundRequest& request, Allocation* allocation) override {
    inner_->Allocate(request, allocation);
    if (--call_ == 0) stop = true;
  }
  void Observe(const RoundFeedback& feedback) override {
    inner_->Observe(feedback);
  }
  void Reset() override { inner_->Reset(); }
  std::string SaveState() const override { return inner_->SaveState(); }
  absl::Status RestoreState(absl::string_view bytes) override {
    return inner_->RestoreState(bytes);
  }
  absl::string_view name() const override { return inner_->name(); }

  std::atomic<bool> stop = false;

 private:
  std::unique_ptr<Allocator> inner_;
  int64_t call_;
};

// A task of 2 s survives with probability e^-2: most calls are for lost ones.
TEST(StudyTest, AStopWithinARoundLeavesAStateBetweenRounds) {
  const auto make_model = [] {
    return ModelOf(std::vector(
        2, runtime::WorkerSpec{
               .law = SpeedLaw::Constant(2),
               .modifiers = {runtime::SpeedModifier::Crash(1, 1)}}));
  };
  const StudyOptions options{.rounds = 3000, .budget = 3};
  const AllocatorOptions ata{.num_workers = 2, .budget = 3, .alpha = 1};
  runtime::SpeedModel models[] = {make_model(), make_model(), make_model()};
  RoundSimulator simulators[] = {RoundSimulator(&models[0]),
                                 RoundSimulator(&models[1]),
                                 RoundSimulator(&models[2])};
  auto first = CreateAllocator("ata", ata);
  auto unbroken = Study::Create(first->get(), &simulators[0], options);
  ASSERT_THAT(unbroken->Run({}), IsOk());

  StopAtCall second(*CreateAllocator("ata", ata), 30000);
  auto broken = Study::Create(&second, &simulators[1], options);
  ASSERT_THAT(broken->Run({.stop = &second.stop}), IsOk());
  const StudySummary partial = broken->Summary();
  EXPECT_FALSE(partial.complete);
  EXPECT_GT(partial.last.round, 0);
  for (size_t k = 0; k < partial.points.size(); ++k) {
    EXPECT_EQ(partial.points[k].runtime_seconds,
              unbroken->Summary().points[k].runtime_seconds);
  }

  auto third = CreateAllocator("ata", ata);
  auto resumed = Study::Create(third->get(), &simulators[2], options);
  ASSERT_THAT(resumed->RestoreState(broken->SaveState()), IsOk());
  ASSERT_THAT(resumed->Run({}), IsOk());
  EXPECT_EQ(resumed->SaveState(), unbroken->SaveState());
}

TEST(StudyTest, StatesOfOtherStudiesAreRefusedAndChangeNothing) {
  const World world = PaperWorld(5, 1);
  const TaskDurations durations(world.laws, 1);
  auto ata = CreateAllocator("ata", world.options);
  RoundSimulator simulator(&durations);
  const StudyOptions options{
      .rounds = 100, .budget = 23, .record_rounds = {10, 100}};
  auto study = Study::Create(ata->get(), &simulator, options);
  ASSERT_THAT(study->Run({}), IsOk());
  const std::string bytes = study->SaveState();

  const auto refusal = [&](const char* policy, const StudyOptions& other) {
    auto allocator = CreateAllocator(policy, world.options);
    RoundSimulator fresh(&durations);
    auto second = Study::Create(allocator->get(), &fresh, other);
    EXPECT_THAT(second, IsOk());
    const std::string before = second->SaveState();
    const absl::Status status = second->RestoreState(bytes);
    EXPECT_EQ(second->SaveState(), status.ok() ? bytes : before);
    return status;
  };
  const auto differs = [](const char* text) {
    return StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(text));
  };
  EXPECT_THAT(refusal("ata", options), IsOk());
  StudyOptions other = options;
  other.budget = 50;
  EXPECT_THAT(refusal("ata", other), differs("budget = 23, this one 50"));
  other = options;
  other.rounds = 200;
  EXPECT_THAT(refusal("ata", other), differs("rounds = 100, this one 200"));
  other = options;
  other.record_rounds = {10, 20, 100};
  EXPECT_THAT(refusal("ata", other),
              differs("record_rounds[1] = 100, this one 20"));
  other.record_rounds = {10};
  EXPECT_THAT(refusal("ata", other),
              differs("record_rounds[1] = 100, this one none"));
  other = options;
  other.regret = false;
  EXPECT_THAT(refusal("ata", other), differs("regret = 1, this one 0"));
  other = options;
  other.true_means = {1, 2, 3, 4, 5};
  EXPECT_THAT(refusal("ata", other),
              differs("true_means[0] = none, this one 1"));
  // Refused by the allocator, after the simulator has taken its part.
  EXPECT_THAT(refusal("ata_empirical", options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ata")));
}

TEST(StudyTest, WaitsWhileNobodyIsUp) {
  runtime::SpeedModel model =
      ModelOf({{.law = SpeedLaw::Constant(1),
                .modifiers = {runtime::SpeedModifier::Outage(0, 10)}}});
  AllocatorOptions options{.num_workers = 1, .budget = 2};
  auto allocator = CreateAllocator("gta", options);
  RoundSimulator simulator(&model);
  Allocation allocation;
  auto outcome = simulator.Play(**allocator, 1, 2, &allocation);
  ASSERT_THAT(outcome, IsOk());
  EXPECT_EQ(outcome->round_seconds, 12);
  EXPECT_EQ(outcome->worker_seconds, 2);
}

}  // namespace
}  // namespace muster::allocation
