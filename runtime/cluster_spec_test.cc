#include "muster/runtime/cluster_spec.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

ClusterSpec Parse(const std::string& text) {
  auto spec = ParseClusterSpec(text);
  MUSTER_CHECK_OK(spec) << text;
  return *std::move(spec);
}

std::string ErrorOf(const std::string& text) {
  const auto spec = ParseClusterSpec(text);
  EXPECT_THAT(spec, StatusIs(absl::StatusCode::kInvalidArgument,
                             HasSubstr("cluster spec, column ")))
      << text;
  return spec.ok() ? "" : std::string(spec.status().message());
}

TEST(ClusterSpecTest, FormulaOfTheIndex) {
  const ClusterSpec spec = Parse("n=51; 29*sqrt(i) + exp(29*sqrt(i))");
  ASSERT_EQ(spec.workers.size(), 51u);
  for (int i = 1; i <= 51; ++i) {
    const double m = 29 * std::sqrt(i);
    EXPECT_EQ(spec.workers[i - 1].law, SpeedLaw::Exponential(m, m));
    EXPECT_TRUE(spec.workers[i - 1].modifiers.empty());
  }
}

TEST(ClusterSpecTest, EveryLawByPositionAndByName) {
  const std::vector<std::pair<std::string, SpeedLaw>> cases = {
      {"const(2)", SpeedLaw::Constant(2)},
      {"constant(seconds=2)", SpeedLaw::Constant(2)},
      {"3*i", SpeedLaw::Constant(3)},
      {"(exp(0))", SpeedLaw::Constant(1)},
      {"uniform(1, 2)", SpeedLaw::Uniform(1, 2)},
      {"uniform(high=2, low=1)", SpeedLaw::Uniform(1, 2)},
      {"exponential(2)", SpeedLaw::Exponential(2)},
      {"1 + exp(2) + 3", SpeedLaw::Exponential(2, 4)},
      {"exp(2) + 3 - 1", SpeedLaw::Exponential(2, 2)},
      {"shifted_exp(1, 2)", SpeedLaw::ShiftedExponential(1, 2)},
      {"half_normal(2)", SpeedLaw::HalfNormal(2)},
      {"lognormal(-1, 0.5)", SpeedLaw::Lognormal(-1, 0.5)},
      {"gamma(shape=2, scale=3)", SpeedLaw::Gamma(2, 3)},
      {"weibull(2, 3)", SpeedLaw::Weibull(2, 3)},
      {"pareto(2, 3)", SpeedLaw::Pareto(2, 3)},
  };
  for (const auto& [text, law] : cases) {
    const ClusterSpec spec = Parse(text);
    ASSERT_EQ(spec.workers.size(), 1u) << text;
    EXPECT_EQ(spec.workers[0].law, law) << text;
  }
  const SpeedLaw replay = Parse("1 + replay(3, 1, 2)").workers[0].law;
  EXPECT_EQ(replay.sampling, SpeedLaw::Sampling::kReplay);
  EXPECT_EQ(replay.samples->recorded(), (std::vector<double>{3, 1, 2}));
  EXPECT_EQ(replay.shift, 1);
  EXPECT_EQ(Parse("resample(3, 1)").workers[0].law.sampling,
            SpeedLaw::Sampling::kResample);
}

TEST(ClusterSpecTest, GroupsCountAndIndexTheirWorkers) {
  const ClusterSpec spec =
      Parse("3 x const(i); 2 x const(10*j + i); const(n);");
  std::vector<double> seconds;
  for (const WorkerSpec& worker : spec.workers) seconds.push_back(worker.law.a);
  EXPECT_EQ(seconds, (std::vector<double>{1, 2, 3, 14, 25, 6}));
}

TEST(ClusterSpecTest, OneGroupTakesTheRestOfN) {
  const ClusterSpec spec = Parse("n=10; 3 x const(1); const(2)");
  ASSERT_EQ(spec.workers.size(), 10u);
  EXPECT_EQ(spec.workers[2].law.a, 1);
  EXPECT_EQ(spec.workers[3].law.a, 2);
  EXPECT_EQ(spec.workers[9].law.a, 2);
}

TEST(ClusterSpecTest, ModifiersAndSelectors) {
  const ClusterSpec spec = Parse(
      "5 x exp(3) | markov(slow=10, up=1e4, down=1e3)"
      " | step(at=100*i, factor=0.1) @2,4..5; const(1) | crash(at=7) @6");
  EXPECT_EQ(spec.workers[0].modifiers,
            (std::vector{SpeedModifier::Markov(10, 1e4, 1e3)}));
  EXPECT_EQ(spec.workers[3].modifiers,
            (std::vector{SpeedModifier::Markov(10, 1e4, 1e3),
                         SpeedModifier::Step(400, 0.1)}));
  EXPECT_EQ(spec.workers[2].modifiers.size(), 1u);
  EXPECT_EQ(spec.workers[5].modifiers, (std::vector{SpeedModifier::Outage(7)}));
  const ClusterSpec all = Parse(
      "const(1) | ramp(begin=1, end=2, factor=3) | sine(period=4, "
      "amplitude=0.5) | pause(every=5, length=6) | crash(up=7, down=8) | "
      "crash(at=9, back=10)");
  EXPECT_EQ(
      all.workers[0].modifiers,
      (std::vector{SpeedModifier::Ramp(1, 2, 3), SpeedModifier::Sine(4, 0.5),
                   SpeedModifier::Pause(5, 6), SpeedModifier::Crash(7, 8),
                   SpeedModifier::Outage(9, 10)}));
}

// Means 58 sqrt(i), 58 i, 2 * 29 (5 g + 1) and 2 i: ATA paper, section 6 and A.
TEST(ClusterSpecTest, PresetsAreThePapersLaws) {
  const ClusterSpec sqrt_law = Parse("preset:ata_sqrt(n=459)");
  ASSERT_EQ(sqrt_law.workers.size(), 459u);
  EXPECT_EQ(sqrt_law.workers[8].law, SpeedLaw::Exponential(87, 87));
  EXPECT_EQ(Parse("preset:ata_sqrt(n=17)").workers,
            Parse("n=17; 29*sqrt(i) + exp(29*sqrt(i))").workers);
  EXPECT_EQ(Parse("preset:ata_linear(17)").workers,
            Parse("n=17; 29*i + exp(29*i)").workers);
  EXPECT_EQ(Parse("preset:ata_regret").workers,
            Parse("n=20; exp(2*i)").workers);
  const ClusterSpec mixed = Parse("preset:ata_mixed(n=150)");
  ASSERT_EQ(mixed.workers.size(), 150u);
  for (int i = 1; i <= 150; ++i) {
    const int g = (i - 1) / 5;
    const double m = 29 * (5 * g + 1);
    const SpeedLaw& law = mixed.workers[i - 1].law;
    EXPECT_NEAR(law.Mean() / (2 * m), 1, 1e-12) << i;
    EXPECT_EQ(law.shift, m);
  }
  EXPECT_EQ(mixed.workers[9].law, SpeedLaw::Gamma(174.0 * 174, 1 / 174.0, 174));
  for (const ClusterPreset& preset : ClusterPresets()) {
    EXPECT_EQ(static_cast<int64_t>(
                  Parse("preset:" + std::string(preset.name)).workers.size()),
              preset.default_num_workers);
  }
  EXPECT_EQ(Parse("n=7; 2 x const(1); preset:ata_sqrt").workers.size(), 7u);
  EXPECT_EQ(Parse("7 x preset:ata_sqrt(unit=1)").workers[3].law,
            SpeedLaw::Exponential(2, 2));
}

TEST(ClusterSpecTest, ErrorsSayWhereAndWhatWasExpected) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"",
       "column 1: the spec is empty; give the workers' laws, such as "
       "'n=51; 29*sqrt(i) + exp(29*sqrt(i))', 'preset:ata_sqrt(n=51)' or "
       "'trace:alibaba(job_1)'"},
      {" \t\n", "column 1: the spec is empty"},
      {"n=0; const(1)", "column 3: n = 0 must be a whole number from 1 to"},
      {"n=-5; const(1)", "column 3: n = -5 must be"},
      {"n=1.5; const(1)", "column 3: n = 1.5 must be"},
      {"n=10000001; const(1)",
       "n = 10000001 must be a whole number from 1 to "
       "10000000"},
      {"n=x; const(1)", "column 3: expected n, a whole number"},
      {"n=5",
       "column 4: expected ';' and the workers' laws after n, found the "
       "end"},
      {"n=5;", "column 5: expected a number"},
      {"0 x const(1)", "column 1: number of workers = 0 must be"},
      {"9999999 x const(1); 2 x const(1)",
       "column 21: the cluster has 10000001 workers"},
      {"n=5; 2 x const(1); 2 x const(2)", "column 3: n = 5, but the groups"},
      {"n=2; 2 x const(1); const(2)", "leave none for the other"},
      {"n=5; const(1); const(2)", "column 16: a second group without"},
      {"gauss(3)",
       "column 1: unknown law 'gauss'; expected one of const, "
       "uniform, exp, shifted_exp, half_normal, lognormal, gamma, "
       "weibull, pareto, resample, replay, or preset"},
      {"exp(-3)", "column 1: exponential: mean = -3 must be"},
      {"exp(0/0)", "mean = "},
      {"3 x exp(3 - i)",
       "mean = 0 must be a number from 1e-100 to 1e+100 "
       "(worker i = 3)"},
      {"resample(1, 0)", "column 1: empirical law: sample 2 = 0"},
      {"exp(3) - 4", "shift = -4"},
      {"2*exp(3)", "column 3: a law cannot be negated, multiplied"},
      {"exp(3)*2", "column 7: a law cannot be multiplied"},
      {"-exp(3)", "column 2: a law cannot be negated"},
      {"1 - exp(3)", "column 5: a law cannot be subtracted"},
      {"exp(3) + exp(4)", "column 10: a second law"},
      {"uniform(1)", "column 1: uniform(low, high) lacks high"},
      {"uniform(1, 2, 3)", "column 15: too many parameters for uniform"},
      {"uniform(low=1, low=2)", "parameter low is given twice"},
      {"uniform(low=1, top=2)", "column 16: unknown parameter 'top'"},
      {"exp(3", "column 6: expected ')' after the parameters of exp"},
      {"exp(3) exp(4)", "column 8: expected an operator, '|', ';'"},
      {"exp(3) | wobble(a=1)",
       "column 10: unknown modifier 'wobble'; expected "
       "one of step, ramp, sine, markov, pause, crash"},
      {"exp(3) | step(at=1)", "the parameters of step are at, factor"},
      {"exp(3) | step(1, 2)", "column 15: expected name=value"},
      {"exp(3) | step(at=1, factor=-2)", "column 10: step: factor = -2"},
      {"exp(3) | crash(up=1, back=2)", "are up, down or at, back"},
      {"exp(3) | step(at=1, at=2, factor=1)", "parameter at is given twice"},
      {"exp(3) | step(at=1, factor=2) @2", "column 32: workers 2..2 are not"},
      {"3 x exp(3) | step(at=1, factor=2) @3..1", "workers 3..1 are not"},
      {"preset:ata",
       "column 8: unknown preset 'ata'; expected one of ata_sqrt, "
       "ata_linear, ata_mixed, ata_regret"},
      {"preset:ata_sqrt(n=0)", "column 19: n = 0 must be"},
      {"preset:ata_sqrt(m=3)",
       "unknown argument m for ata_sqrt; it takes n, "
       "unit"},
      {"preset:ata_sqrt(1, 2, 3)", "too many arguments"},
      {"preset:ata_mixed(n=17)", "n = 17 must be a multiple of 5"},
      {"5 x preset:ata_sqrt(n=6)", "n = 6, but the group has 5 workers"},
      {"trace:google(x)",
       "column 7: unknown trace 'google'; expected one of "
       "alibaba, azure, gavel, flash"},
      {"trace:alibaba(job_1)", "pass --data_dir"},
      {"trace:alibaba", "expected the job"},
      {"trace:alibaba(job_1, mode=loop)", "expected mode, one of replay"},
      {"$", "column 1: unexpected character"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(ErrorOf(text), HasSubstr(message)) << text;
  }
}

TEST(ClusterSpecTest, ErrorsCarryACaret) {
  EXPECT_EQ(ErrorOf("n=51; 29 + expp(3)").substr(0, 46),
            "cluster spec, column 12: unknown law 'expp'; e");
  EXPECT_THAT(ErrorOf("n=51; 29 + expp(3)"),
              HasSubstr("\n  n=51; 29 + expp(3)\n             ^"));
}

TEST(ClusterSpecTest, TextRoundTrips) {
  const std::vector<std::string> texts = {
      "n=51; 29*sqrt(i) + exp(29*sqrt(i))",
      "n = 4 ;uniform( low = 1,high=(2+i)*3 )",
      "10 x const(1); 5 x exp(3)",
      "i^2 + 1",
      "(exp(i)) + exp(3)",
      "2*(exp(i)) + 1 + gamma(2, 1e-5)",
      "exp(3) - 1 + 2",
      "preset:ata_sqrt(n=51)",
      "preset:ata_mixed | markov(slow=10, up=1e4, down=1e3) @3,5..9",
      "resample(1, 2.5, 3e-7); 1 + replay(0.1)",
      "const(1) | crash(at=5) | sine(period=2, amplitude=0.1, phase=0.25)",
  };
  for (const std::string& text : texts) {
    const ClusterSpec spec = Parse(text);
    const ClusterSpec again = Parse(ToText(spec));
    EXPECT_EQ(again.workers, spec.workers) << text << " -> " << spec.text;
    EXPECT_EQ(again.text, spec.text) << text;
    // The workers one by one.
    const ClusterSpec expanded = {.workers = spec.workers, .text = ""};
    EXPECT_EQ(Parse(ToText(expanded)).workers, spec.workers)
        << ToText(expanded);
  }
  EXPECT_EQ(Parse("n=51;29*sqrt( i )+exp(29* sqrt(i))").text,
            "n = 51; 29*sqrt(i) + exp(29*sqrt(i))");
}

TEST(ClusterSpecTest, InlineSamplesAreSharedInAGroup) {
  const ClusterSpec spec = Parse("1000 x resample(1, 2, 3)");
  EXPECT_EQ(spec.workers[0].law.samples, spec.workers[999].law.samples);
}

// Random texts of the grammar, to be mutated.
std::string RandomSpec(Rng& rng) {
  const std::vector<std::string> parts = {"n=5;",
                                          "3 x ",
                                          "exp(",
                                          "29*sqrt(i)",
                                          " + ",
                                          ")",
                                          "uniform(1,2)",
                                          "; ",
                                          "|",
                                          "step(at=1,factor=2)",
                                          "@1..2",
                                          "preset:",
                                          "ata_sqrt",
                                          "(n=4)",
                                          "trace:",
                                          "alibaba",
                                          "(job_1)",
                                          "gamma(",
                                          ",",
                                          "replay(1,2)",
                                          "-",
                                          "^",
                                          "1e9",
                                          "\"x\"",
                                          "i",
                                          "crash(",
                                          "up=",
                                          "..",
                                          "const(1)",
                                          "*",
                                          "'",
                                          "\n",
                                          "j",
                                          "log(0)",
                                          "min("};
  std::string text;
  const int64_t length = UniformInt(rng, 20);
  for (int64_t k = 0; k < length; ++k) {
    text += parts[UniformInt(rng, static_cast<int64_t>(parts.size()))];
  }
  return text;
}

// Whatever the text, there is an answer; what parses is valid and round-trips.
TEST(ClusterSpecTest, MutatedSpecsNeverCrash) {
  const std::vector<std::string> seeds = {
      "n=51; 29*sqrt(i) + exp(29*sqrt(i))",
      "10 x const(1); 5 x exp(3) | pause(every=50, length=9) @11..12",
      "preset:ata_mixed(n=45) | markov(slow=10, up=1e4, down=1e3) @3",
      "trace:gavel(\"LM (batch size 10)\", k80=1, v100=1)",
      "2 x 1 + lognormal(min(i, j), max(1, 0.5)) | crash(at=5, back=9)",
  };
  Rng rng = Rng(TestSeed()).Fork("mutations");
  int num_parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text =
        round % 2 == 0 ? seeds[UniformInt(rng, seeds.size())] : RandomSpec(rng);
    const int64_t num_mutations = UniformInt(rng, 4);
    for (int64_t k = 0; k < num_mutations && !text.empty(); ++k) {
      const int64_t at = UniformInt(rng, text.size());
      switch (UniformInt(rng, 4)) {
        case 0:
          text[at] = static_cast<char>(UniformInt(rng, 256));
          break;
        case 1:
          text.erase(at, 1 + UniformInt(rng, 4));
          break;
        case 2:
          text.insert(at, text.substr(UniformInt(rng, text.size()), 6));
          break;
        default:
          std::swap(text[at], text[UniformInt(rng, text.size())]);
      }
    }
    // A mutated count may ask for millions of workers: not here.
    if (text.find("999") != std::string::npos ||
        text.find("e9") != std::string::npos || text.size() > 200) {
      continue;
    }
    const auto spec = ParseClusterSpec(text);
    if (!spec.ok()) {
      ASSERT_THAT(std::string(spec.status().message()),
                  AllOf(HasSubstr("cluster spec, column "),
                        AnyOf(HasSubstr("^"), HasSubstr("the spec is empty"))))
          << text;
      continue;
    }
    ++num_parsed;
    ASSERT_FALSE(spec->workers.empty());
    for (const WorkerSpec& worker : spec->workers) {
      ASSERT_THAT(worker.law.Validate(), IsOk()) << text;
    }
    const auto again = ParseClusterSpec(spec->text);
    ASSERT_THAT(again, IsOk()) << text << " -> " << spec->text;
    ASSERT_EQ(again->workers, spec->workers) << text << " -> " << spec->text;
  }
  EXPECT_GT(num_parsed, 1000);
}

}  // namespace
}  // namespace muster::runtime
