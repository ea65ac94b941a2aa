// The published trace files themselves, when MUSTER_DATA names the folder that
// holds them: counts and spreads as their publishers or checksummed copies have
// them. Skipped otherwise.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/cluster_spec.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/trace_file.h"

namespace muster::runtime {
namespace {

class TraceDataTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* data_dir = std::getenv("MUSTER_DATA");
    if (data_dir == nullptr || *data_dir == '\0') {
      GTEST_SKIP() << "MUSTER_DATA is not set";
    }
    data_dir_ = data_dir;
  }

  std::string Path(absl::string_view file) const {
    return absl::StrCat(data_dir_, "/traces/", file);
  }

  std::string data_dir_;
};

TEST_F(TraceDataTest, AlibabaJobsHaveTheirRows) {
  struct Job {
    const char* name;
    int64_t num_rows;
    int64_t num_iterations;
    double least;
  };
  for (const Job& job :
       {Job{"job_1", 3000, 300, 380}, Job{"job_2", 2402, 254, 666},
        Job{"job_3", 2489, 249, 620}}) {
    const auto trace = ReadMiniBatchTrace(
        Path(absl::StrCat("alibaba-pai-minibatch/", job.name, "_norm.csv.gz")));
    ASSERT_THAT(trace, IsOk());
    EXPECT_EQ(trace->num_rows, job.num_rows) << job.name;
    EXPECT_EQ(trace->num_iterations, job.num_iterations) << job.name;
    EXPECT_EQ(trace->workers.size(), 10u) << job.name;
    double least = 1000;
    double most = 0;
    for (const RecordedWorker& worker : trace->workers) {
      const auto [low, high] =
          std::minmax_element(worker.values.begin(), worker.values.end());
      least = std::min(least, *low);
      most = std::max(most, *high);
    }
    EXPECT_EQ(least, job.least) << job.name;
    EXPECT_EQ(most, 1000) << job.name;
  }
}

TEST_F(TraceDataTest, ACoefficientTableIsNoMiniBatchTrace) {
  EXPECT_THAT(ReadMiniBatchTrace(
                  Path("alibaba-pai-minibatch/coefficient_variation.csv.gz")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("line 1: no column")));
}

TEST_F(TraceDataTest, AzureLongFilesHaveThreeMachines) {
  struct File {
    const char* name;
    int64_t num_rows;
  };
  for (const File& file :
       {File{"stressng_matrix_math.long.eastus.B8ms", 6946},
        File{"stressng_matrix_math.long.westus2.D8s_v5", 20731},
        File{"sysbench_cpu.long.westus2.D8s_v5", 20747}}) {
    const auto trace = ReadVmNoiseTrace(
        Path(absl::StrCat("azure-vm-noise/", file.name, ".csv.gz")));
    ASSERT_THAT(trace, IsOk());
    EXPECT_EQ(trace->num_rows, file.num_rows) << file.name;
    EXPECT_EQ(trace->machines.size(), 3u) << file.name;
  }
}

TEST_F(TraceDataTest, AzureShortMachinesRunOnceWithTheKnownSpread) {
  const auto trace = ReadVmNoiseTrace(
      Path("azure-vm-noise/stressng_matrix_math.short.eastus.B8ms.csv.gz"));
  ASSERT_THAT(trace, IsOk());
  EXPECT_EQ(trace->num_rows, 11817);
  EXPECT_EQ(trace->machines.size(), 11817u);
  double sum = 0;
  double square = 0;
  for (const RecordedWorker& machine : trace->machines) {
    sum += machine.values[0];
    square += machine.values[0] * machine.values[0];
  }
  const double mean = sum / trace->num_rows;
  const double variance = square / trace->num_rows - mean * mean;
  EXPECT_NEAR(std::sqrt(variance) / mean, 0.063, 0.001);
}

TEST_F(TraceDataTest, GavelHasSixKindsOfMachines) {
  const auto gavel =
      GavelThroughputs::Read(Path("gavel/simulation_throughputs.json.gz"));
  ASSERT_THAT(gavel, IsOk());
  ASSERT_EQ(gavel->throughputs().size(), 6u);
  for (const auto& [machine, jobs] : gavel->throughputs()) {
    EXPECT_EQ(jobs.size(), machine == "k80_unconsolidated" ? 77u : 83u)
        << machine;
  }
  EXPECT_THAT(gavel->StepsPerSecond("k80", "ResNet-18 (batch size 16)", 1),
              IsOkAndHolds(testing::DoubleNear(4.7953, 1e-4)));
  EXPECT_THAT(
      gavel->StepsPerSecond("k80", "ResNet-50 (batch size 128)", 8),
      StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("did not run")));
}

TEST_F(TraceDataTest, FlashPhonesHaveTheirGrid) {
  struct Phone {
    const char* name;
    double least;
    double median;
    double most;
  };
  for (const Phone& phone : {Phone{"nexus6", 0.107, 1.052, 9.2036},
                             Phone{"redmi_note8", 0.04033, 0.672, 3.8134},
                             Phone{"samsung_note10", 0.041, 0.421, 1.4902}}) {
    const auto runs = ReadOnDeviceRuns(
        Path(absl::StrCat("flash-ondevice/", phone.name, ".lstm.json.gz")));
    ASSERT_THAT(runs, IsOk());
    ASSERT_EQ(runs->size(), 20000u);
    std::vector<double> seconds;
    for (const OnDeviceRun& run : *runs) seconds.push_back(run.seconds);
    std::sort(seconds.begin(), seconds.end());
    EXPECT_NEAR(seconds.front(), phone.least, 1e-4) << phone.name;
    EXPECT_NEAR(seconds[10000], phone.median, 1e-3) << phone.name;
    EXPECT_NEAR(seconds.back(), phone.most, 1e-4) << phone.name;
  }
}

TEST_F(TraceDataTest, SpecsNameThePublishedFiles) {
  struct Spec {
    const char* text;
    size_t num_workers;
    double mean;  // of the first worker
    double tolerance;
  };
  for (const Spec& example :
       {Spec{"trace:alibaba(job_1)", 10, 0.47527, 1e-9},
        Spec{"trace:alibaba(job_2, worker=3..5)", 3, 0.8558458, 1e-6},
        Spec{"trace:azure(sysbench_cpu)", 3, 1, 0.1},
        Spec{"20 x trace:azure(stressng_matrix_math, short, westus2)", 20, 1,
             0.1},
        Spec{"n=12; trace:azure(sysbench_cpu, short, sku=D8s_v5, mode=fixed)",
             12, 1, 0.05},
        Spec{"trace:gavel('ResNet-18 (batch size 16)', k80=2, v100=3)", 5,
             1 / 4.795294551566172, 1e-12},
        Spec{"trace:flash(nexus6)", 1, 1.4, 0.5},
        Spec{"trace:flash(nexus6, inputs=1000, outputs=1000, batch=10, "
             "sequence=10)",
             1, 3.3438, 1e-9}}) {
    const auto spec =
        ParseClusterSpec(example.text, SpecContext{.data_dir = data_dir_});
    ASSERT_THAT(spec, IsOk()) << example.text;
    EXPECT_EQ(spec->workers.size(), example.num_workers) << example.text;
    EXPECT_NEAR(spec->workers[0].law.Mean(), example.mean, example.tolerance)
        << example.text;
  }
  EXPECT_THAT(
      ParseClusterSpec("trace:alibaba(job_9)",
                       SpecContext{.data_dir = data_dir_}),
      StatusIs(
          absl::StatusCode::kNotFound,
          testing::AllOf(testing::HasSubstr("column 15"),
                         testing::HasSubstr("job_9_norm.csv.gz"),
                         testing::HasSubstr("known are job_1, job_2, job_3"))));
}

}  // namespace
}  // namespace muster::runtime
