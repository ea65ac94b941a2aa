#include "muster/runtime/trace_file.h"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/check.h"
#include "muster/runtime/cluster_spec.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_matchers.h"
#include "zlib.h"

namespace muster::runtime {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Gzip(const std::string& content) {
  z_stream stream = {};
  MUSTER_CHECK_EQ(
      deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
      Z_OK);
  std::string bytes(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  MUSTER_CHECK_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

std::string WriteTemp(const std::string& name, const std::string& bytes) {
  const std::string path =
      absl::StrCat(testing::TempDir(), "/trace_file_test_", name);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  MUSTER_CHECK(file != nullptr) << path;
  MUSTER_CHECK_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file),
                  bytes.size());
  MUSTER_CHECK_EQ(std::fclose(file), 0);
  return path;
}

// Made up, in the form of the published files.
constexpr char kMiniBatches[] =
    ",worker,gpu,time,batch_time_norm\n"
    "0,0,25,1,400\n"
    "1,1,25,1,1000\n"
    "2,1,25,11,500.5\n"
    "3,0,25,21,410\n"
    "4,1,25,5,700\n"
    "5,0,25,21,405\n";

constexpr char kNoise[] =
    "value,runtime,starttime,VM_id\n"
    "100,30.01,2023-06-23 15:46:48.880,0\n"
    "200,30.01,2023-06-23 16:46:48.880,2\n"
    "50,30.01,2023-06-22 16:46:48.880,0\n";

constexpr char kGavel[] = R"json({
  "k80": {"('LM (batch size 10)', 1)"
    : {"null" : 4.0, "('LM (batch size 20)', 1)" : [ 1.0, 2.0 ]},
               "('LM (batch size 20)', 2)" : {
  "null" : 0.0
}
}
, "v100" : {
  "('LM (batch size 10)', 1)" : { "null" : 16 }
}
})json";

constexpr char kRuns[] =
    R"({"X":[[1.0,0.05,0.2,1.0],[0.55,1.0,1.0,0.2]],"Y":[[3.5],[0.25]]})";

TEST(MiniBatchTraceTest, OrdersEachWorkerByIteration) {
  for (const bool gzip : {false, true}) {
    const std::string path =
        WriteTemp("job.csv", gzip ? Gzip(kMiniBatches) : kMiniBatches);
    const auto trace = ReadMiniBatchTrace(path);
    ASSERT_THAT(trace, IsOk());
    EXPECT_EQ(trace->num_rows, 6);
    EXPECT_EQ(trace->num_iterations, 4);
    ASSERT_EQ(trace->workers.size(), 2u);
    EXPECT_EQ(trace->workers[0].id, 0);
    EXPECT_THAT(trace->workers[0].values, ElementsAre(400, 410, 405));
    EXPECT_EQ(trace->workers[1].id, 1);
    EXPECT_THAT(trace->workers[1].values, ElementsAre(1000, 700, 500.5));
  }
}

TEST(MiniBatchTraceTest, WrongRowsAreNamedByLine) {
  const std::string header = ",worker,gpu,time,batch_time_norm\n";
  const std::string good = "0,0,25,1,400\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 1: the file is empty"},
      {header, "line 1: no rows after the header"},
      {",worker,gpu,iteration,batch_time_norm\n" + good,
       "line 1: no column 'time' in the header"},
      {header + good + "1,1,25,1\n", "line 3: expected 5 fields"},
      {header + good + "1,1,25,1,nan\n",
       "line 3: column batch_time_norm is 'nan'; expected a number above 0"},
      {header + "1,1,25,1,inf\n", "line 2: column batch_time_norm is 'inf'"},
      {header + "1,1,25,1,0\n", "line 2: column batch_time_norm is '0'"},
      {header + "1,1,25,1,-3\n", "line 2: column batch_time_norm is '-3'"},
      {header + "1,1,25,1,1001\n", "at most 1000"},
      {header + "1,1,25,1,\n", "column batch_time_norm is ''"},
      {header + "1,one,25,1,4\n", "column worker is 'one'"},
      {header + "1,1,25,-1,4\n", "column time is '-1'"},
  };
  for (const auto& [content, message] : cases) {
    const std::string path = WriteTemp("bad.csv", content);
    EXPECT_THAT(ReadMiniBatchTrace(path),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(path), HasSubstr(message))));
  }
}

TEST(MiniBatchTraceTest, TruncatedGzipAndMissingFiles) {
  const std::string bytes = Gzip(kMiniBatches);
  for (const size_t size : {bytes.size() - 1, bytes.size() / 2}) {
    const std::string path = WriteTemp("cut.csv.gz", bytes.substr(0, size));
    EXPECT_THAT(ReadMiniBatchTrace(path),
                StatusIs(absl::StatusCode::kDataLoss,
                         AllOf(HasSubstr(path), HasSubstr("line "),
                               HasSubstr("cut short"))));
  }
  EXPECT_THAT(
      ReadMiniBatchTrace("/no/such/file"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/file")));
}

TEST(VmNoiseTraceTest, OrdersEachMachineByTime) {
  const auto trace = ReadVmNoiseTrace(WriteTemp("noise.csv", Gzip(kNoise)));
  ASSERT_THAT(trace, IsOk());
  EXPECT_EQ(trace->num_rows, 3);
  EXPECT_EQ(trace->median_value, 100);
  ASSERT_EQ(trace->machines.size(), 2u);
  EXPECT_THAT(trace->machines[0].values, ElementsAre(50, 100));
  EXPECT_EQ(trace->machines[1].id, 2);
}

TEST(VmNoiseTraceTest, TheMedianOfAnEvenNumberIsTheMeanOfTheMiddles) {
  const auto trace = ReadVmNoiseTrace(WriteTemp(
      "even.csv", absl::StrCat(kNoise, "160,30,2023-06-22 16:46:48,0\n")));
  ASSERT_THAT(trace, IsOk());
  EXPECT_EQ(trace->median_value, 130);
}

// Equal times keep the order of the file, however they are written.
TEST(VmNoiseTraceTest, StartTimesAreOrderedAsTimes) {
  const auto trace =
      ReadVmNoiseTrace(WriteTemp("times.csv",
                                 "value,runtime,starttime,VM_id\n"
                                 "1,30,2024-02-29 00:00:00.50,0\n"
                                 "2,30,2024-02-29 00:00:00.5,0\n"
                                 "3,30,2024-02-29 00:00:00.05,0\n"
                                 "4,30,2024-02-29 00:00:00,0\n"
                                 "5,30,9999-12-31 23:59:59.999999,0\n"
                                 "6,30,2024-03-01 00:00:00,0\n"
                                 "7,30,0001-01-01 00:00:00,0\n"));
  ASSERT_THAT(trace, IsOk());
  EXPECT_THAT(trace->machines[0].values, ElementsAre(7, 4, 3, 1, 2, 6, 5));
}

TEST(VmNoiseTraceTest, WrongRowsAreNamedByLine) {
  const std::string header = "value,runtime,starttime,VM_id\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 1: the file is empty"},
      {header, "no rows after the header"},
      {"value,runtime,VM_id\n1,2,3\n", "line 1: no column 'starttime'"},
      {header + "0,1,2023-06-23 15:46:48,0\n", "line 2: column value is '0'"},
      {header + "nan,1,2023-06-23 15:46:48,0\n", "line 2: column value is"},
      {header + "5,1,2023-06-23 15:46:48,x\n", "line 2: column VM_id is 'x'"},
      {header + "5,1,,0\n", "line 2: column starttime is ''"},
      {header + "5,1,zzzzzzzzzzzz,0\n",
       "line 2: column starttime is 'zzzzzzzzzzzz'; expected a time such as "
       "2023-06-23 15:46:48.880"},
      {header + "5,1,2023-06-23,0\n", "line 2: column starttime is"},
      {header + "5,1,2023-06-23T15:46:48,0\n", "line 2: column starttime is"},
      {header + "5,1,2023-02-29 15:46:48,0\n", "line 2: column starttime is"},
      {header + "5,1,2023-13-01 15:46:48,0\n", "line 2: column starttime is"},
      {header + "5,1,2023-06-23 24:00:00,0\n", "line 2: column starttime is"},
      {header + "5,1,2023-06-23 15:46:48.,0\n", "line 2: column starttime is"},
      {header + "5,1,2023-06-23 15:46:48.88x,0\n",
       "line 2: column starttime is"},
  };
  for (const auto& [content, message] : cases) {
    const std::string path = WriteTemp("bad.csv", content);
    EXPECT_THAT(ReadVmNoiseTrace(path),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(path), HasSubstr(message))));
  }
}

TEST(GavelThroughputsTest, FindsIsolatedThroughputs) {
  const auto gavel =
      GavelThroughputs::Read(WriteTemp("gavel.json.gz", Gzip(kGavel)));
  ASSERT_THAT(gavel, IsOk());
  EXPECT_THAT(gavel->StepsPerSecond("k80", "LM (batch size 10)", 1),
              IsOkAndHolds(4.0));
  EXPECT_THAT(gavel->StepsPerSecond("v100", "LM (batch size 10)", 1),
              IsOkAndHolds(16.0));
  EXPECT_THAT(gavel->StepsPerSecond("a100", "LM (batch size 10)", 1),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no machine 'a100'; there are k80, v100")));
  EXPECT_THAT(gavel->StepsPerSecond("v100", "LM (batch size 10)", 4),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no job ('LM (batch size 10)', 4) on v100")));
  EXPECT_THAT(
      gavel->StepsPerSecond("k80", "LM (batch size 20)", 2),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("did not run on k80")));
}

TEST(GavelThroughputsTest, WrongFilesAreNamedByLineOrKey) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "line 1: the file is empty"},
      {"[1]", "the top level is a JSON array; expected an object"},
      {"{}", "expected an object by machine"},
      {"{\"k80\":\n{\"a\": {\"null\": NaN}}}", "line 2: not JSON"},
      {"{\"k80\":\n\n{\"a\": {\"null\": 1}", "line 3: not JSON"},
      {"{\"k80\": 3}", "k80 is 3; expected an object by job"},
      {"{\"k80\": {\"a\": 3}}", "k80 / a is 3; expected an object"},
      {"{\"k80\": {\"a\": {\"b\": [1, 2]}}}", "k80 / a lacks the key \"null\""},
      {"{\"k80\": {\"a\": {\"null\": -1}}}", "k80 / a / null is -1"},
      {"{\"k80\": {\"a\": {\"null\": \"x\"}}}", "k80 / a / null is \"x\""},
  };
  for (const auto& [content, message] : cases) {
    const std::string path = WriteTemp("bad.json", content);
    EXPECT_THAT(GavelThroughputs::Read(path),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(path), HasSubstr(message))));
  }
}

TEST(GavelThroughputsTest, TruncatedGzipIsNamedByLine) {
  // Without its check sum, the file is cut in its last line, the eleventh.
  const std::string bytes = Gzip(kGavel);
  const std::string path =
      WriteTemp("cut.json.gz", bytes.substr(0, bytes.size() - 4));
  EXPECT_THAT(
      GavelThroughputs::Read(path),
      StatusIs(absl::StatusCode::kDataLoss,
               HasSubstr(absl::StrCat(path,
                                      ", line 11: the gzip data is cut short; "
                                      "fetch the file again"))));
  EXPECT_THAT(
      ReadOnDeviceRuns(WriteTemp("cut.json.gz", Gzip(kRuns).substr(0, 20))),
      StatusIs(absl::StatusCode::kDataLoss,
               AllOf(HasSubstr("line 1: the gzip data is cut short"),
                     HasSubstr("fetch the file again"))));
}

TEST(OnDeviceRunsTest, ScalesShapesBack) {
  const auto runs = ReadOnDeviceRuns(WriteTemp("phone.json", kRuns));
  ASSERT_THAT(runs, IsOk());
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].inputs, 1000);
  EXPECT_EQ((*runs)[0].outputs, 50);
  EXPECT_EQ((*runs)[0].batch_size, 10);
  EXPECT_EQ((*runs)[0].sequence_length, 10);
  EXPECT_EQ((*runs)[0].seconds, 3.5);
  EXPECT_EQ((*runs)[1].inputs, 550);
  EXPECT_EQ((*runs)[1].sequence_length, 2);
}

TEST(OnDeviceRunsTest, WrongFilesAreNamedByLineOrKey) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"  \n", "line 1: the file is empty"},
      {"{\"X\": []", "line 1: not JSON"},
      {"{\"X\": []}", "no array \"Y\""},
      {"[]", "no array \"X\""},
      {"{\"X\": [], \"Y\": []}", "X has 0 rows and Y 0"},
      {"{\"X\": [[1,1,1,1]], \"Y\": []}", "X has 1 rows and Y 0"},
      {"{\"X\": [[1,1,1]], \"Y\": [[1]]}",
       "X[0] is a JSON array; expected "
       "four positive numbers"},
      {"{\"X\": [[1,1,0,1]], \"Y\": [[1]]}", "X[0]"},
      {"{\"X\": [[1,1,1,1]], \"Y\": [[0]]}", "Y[0] is 0; expected [seconds]"},
      {"{\"X\": [[1,1,1,1]], \"Y\": [[-2.5]]}", "Y[0] is -2.5"},
      {"{\"X\": [[1,1,1,1]], \"Y\": [3]}", "Y[0] is 3"},
  };
  for (const auto& [content, message] : cases) {
    const std::string path = WriteTemp("bad.json", content);
    EXPECT_THAT(ReadOnDeviceRuns(path),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(path), HasSubstr(message))));
  }
}

std::vector<WorkerSpec> Workers(const std::string& text) {
  auto spec = ParseClusterSpec(text);
  MUSTER_CHECK_OK(spec) << text;
  auto again = ParseClusterSpec(spec->text);
  MUSTER_CHECK_OK(again) << spec->text;
  MUSTER_CHECK(again->workers == spec->workers) << spec->text;
  return spec->workers;
}

TEST(TraceSourceTest, MiniBatchesBecomeReplayedLaws) {
  const std::string path = WriteTemp("job.csv", kMiniBatches);
  const auto all = Workers(absl::StrCat("trace:alibaba('", path, "')"));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].law.sampling, SpeedLaw::Sampling::kReplay);
  EXPECT_THAT(all[0].law.samples->recorded(),
              ElementsAre(400 * 0.001, 410 * 0.001, 405 * 0.001));
  const auto one = Workers(absl::StrCat(
      "3 x trace:alibaba('", path, "', worker=1, mode=resample, scale=2)"));
  ASSERT_EQ(one.size(), 3u);
  EXPECT_EQ(one[2].law.sampling, SpeedLaw::Sampling::kResample);
  EXPECT_THAT(one[2].law.samples->recorded(), ElementsAre(2000, 1400, 1001));
  EXPECT_EQ(
      Workers(absl::StrCat("trace:alibaba('", path, "', worker=0..1)")).size(),
      2u);
  EXPECT_THAT(
      ParseClusterSpec(absl::StrCat("trace:alibaba('", path, "', worker=7)")),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("no such worker"), HasSubstr("0, 1"))));
}

TEST(TraceSourceTest, OperationsPerSecondBecomeRelativeDurations) {
  const std::string path = WriteTemp("noise.csv", kNoise);
  const auto replayed =
      Workers(absl::StrCat("trace:azure('", path, "', scale=3)"));
  ASSERT_EQ(replayed.size(), 2u);
  EXPECT_THAT(replayed[0].law.samples->recorded(), ElementsAre(6, 3));
  EXPECT_THAT(replayed[1].law.samples->recorded(), ElementsAre(1.5));
  const auto pooled =
      Workers(absl::StrCat("4 x trace:azure('", path, "', lifespan=short)"));
  ASSERT_EQ(pooled.size(), 4u);
  EXPECT_THAT(pooled[3].law.samples->recorded(), ElementsAre(2, 1, 0.5));
  const auto fixed = Workers(absl::StrCat("n=3; trace:azure('", path,
                                          "', lifespan=short, mode=fixed)"));
  EXPECT_EQ(fixed[0].law, SpeedLaw::Constant(2));
  EXPECT_EQ(fixed[1].law, SpeedLaw::Constant(0.5));
  EXPECT_EQ(fixed[2].law, SpeedLaw::Constant(2));
}

TEST(TraceSourceTest, ThroughputsBecomeConstantSpeeds) {
  const std::string path = WriteTemp("gavel.json", kGavel);
  const std::string job = "trace:gavel(\"LM (batch size 10)\", file=\"";
  const auto workers =
      Workers(absl::StrCat(job, path, "\", steps=8, v100=1, k80=2)"));
  ASSERT_EQ(workers.size(), 3u);
  EXPECT_EQ(workers[0].law, SpeedLaw::Constant(2));
  EXPECT_EQ(workers[1].law, SpeedLaw::Constant(2));
  EXPECT_EQ(workers[2].law, SpeedLaw::Constant(0.5));
  EXPECT_THAT(
      ParseClusterSpec(absl::StrCat(job, path, "\")")),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no machines")));
  EXPECT_THAT(
      ParseClusterSpec(absl::StrCat(job, path, "\", p100=1)")),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("no machine 'p100'")));
}

TEST(TraceSourceTest, MissingFilesAreNamed) {
  const SpecContext nowhere = {.data_dir = "/no/such/folder"};
  for (const char* text :
       {"trace:alibaba(job_1)", "trace:azure(sysbench_cpu, sku=D8s_v5)",
        "trace:gavel('LM (batch size 10)', k80=1)", "trace:flash(nexus6)"}) {
    EXPECT_THAT(ParseClusterSpec(text, nowhere),
                StatusIs(absl::StatusCode::kNotFound,
                         AllOf(HasSubstr("cluster spec, column "),
                               HasSubstr("there is no file /no/such/folder/"),
                               HasSubstr("is --data_dir the folder"))));
  }
}

TEST(TraceSourceTest, PhonesBecomeResampledLaws) {
  const std::string path = WriteTemp("phone.json", kRuns);
  const auto all = Workers(absl::StrCat("2 x trace:flash('", path, "')"));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(all[0].law.samples->recorded(), ElementsAre(3.5, 0.25));
  const auto one =
      Workers(absl::StrCat("trace:flash('", path,
                           "', inputs=550, batch=50, scale=2) | crash(at=3)"));
  EXPECT_THAT(one[0].law.samples->recorded(), ElementsAre(0.5));
  EXPECT_EQ(one[0].modifiers.size(), 1u);
  EXPECT_THAT(
      ParseClusterSpec(absl::StrCat("trace:flash('", path, "', batch=7)")),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("no run of these sizes")));
}

}  // namespace
}  // namespace muster::runtime
