#include "muster/runtime/trace_event.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/timeline.h"
#include "nlohmann/json.hpp"

namespace muster::runtime {
namespace {

using Json = nlohmann::json;

// Checks the text against the published "Trace Event Format": the JSON object
// format, and for each phase that is used here the keys that it requires, with
// their types. Nothing unknown is let through, so that a misspelt key fails.
void CheckFormat(const std::string& text) {
  const Json trace = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(trace.is_object()) << text;
  const std::set<std::string> top_level = {"traceEvents", "displayTimeUnit",
                                           "otherData"};
  for (const auto& [key, value] : trace.items()) {
    EXPECT_TRUE(top_level.contains(key)) << key;
  }
  ASSERT_TRUE(trace.contains("traceEvents"));
  ASSERT_TRUE(trace["traceEvents"].is_array());
  // "Supported values are ms and ns."
  EXPECT_TRUE(trace["displayTimeUnit"] == "ms" ||
              trace["displayTimeUnit"] == "ns");

  std::set<int64_t> named_threads;
  std::map<int64_t, std::map<double, double>> slices;  // tid → begin → end
  for (const Json& event : trace["traceEvents"]) {
    ASSERT_TRUE(event.is_object());
    ASSERT_TRUE(event.contains("ph") && event["ph"].is_string()) << event;
    ASSERT_TRUE(event.contains("name") && event["name"].is_string()) << event;
    ASSERT_TRUE(event.contains("pid") && event["pid"].is_number_integer());
    ASSERT_TRUE(event.contains("tid") && event["tid"].is_number_integer());
    ASSERT_TRUE(event.contains("args") && event["args"].is_object()) << event;
    const int64_t tid = event["tid"];
    if (event["ph"] == "M") {
      EXPECT_TRUE(event["name"] == "process_name" ||
                  event["name"] == "thread_name")
          << event;
      ASSERT_TRUE(event["args"].contains("name"));
      EXPECT_TRUE(event["args"]["name"].is_string());
      if (event["name"] == "thread_name") {
        EXPECT_TRUE(named_threads.insert(tid).second) << "named twice";
      }
      continue;
    }
    ASSERT_EQ(event["ph"], "X") << event;
    ASSERT_TRUE(event.contains("cat") && event["cat"].is_string()) << event;
    ASSERT_TRUE(event.contains("ts") && event["ts"].is_number()) << event;
    ASSERT_TRUE(event.contains("dur") && event["dur"].is_number()) << event;
    const double begin = event["ts"];
    const double duration = event["dur"];
    EXPECT_GE(begin, 0);
    EXPECT_GT(duration, 0);
    EXPECT_TRUE(named_threads.contains(tid)) << "thread without a name";
    EXPECT_TRUE(slices[tid].emplace(begin, begin + duration).second);
  }
  // Slices of a thread must nest; those of a worker even follow one another. A
  // viewer's resolution is a nanosecond.
  for (const auto& [tid, by_begin] : slices) {
    double free = 0;
    for (const auto& [begin, end] : by_begin) {
      EXPECT_GE(begin, free - 1e-3) << "thread " << tid;
      free = end;
    }
  }
}

Timeline SmallTimeline() {
  Timeline timeline(3, {.keep_segments = true});
  timeline.Record(WorkerId{2}, Activity::kCompute, 0.5, 1.25, 7, "gradient");
  timeline.Record(WorkerId{0}, Activity::kCancelled, 1, 3, 0);
  return timeline;
}

TEST(TraceEventTest, WritesAnEventToALine) {
  EXPECT_EQ(TraceEventsAsJson(SmallTimeline()),
            R"({"displayTimeUnit": "ms",
"otherData": {"truncated":false,"dropped_segments":0},
"traceEvents": [
{"ph":"M","name":"process_name","pid":0,"tid":0,"args":{"name":"cluster"}},
{"ph":"M","name":"thread_name","pid":0,"tid":0,"args":{"name":"worker 0"}},
{"ph":"M","name":"thread_name","pid":0,"tid":2,"args":{"name":"worker 2"}},
{"ph":"X","name":"gradient","cat":"compute","pid":0,"tid":2,"ts":500000.0,"dur":750000.0,"args":{"task":7}},
{"ph":"X","name":"cancelled","cat":"cancelled","pid":0,"tid":0,"ts":1000000.0,"dur":2000000.0,"args":{"task":0}}
]}
)");
}

TEST(TraceEventTest, FollowsThePublishedFormat) {
  CheckFormat(TraceEventsAsJson(Timeline(0)));
  CheckFormat(TraceEventsAsJson(Timeline(3)));
  CheckFormat(TraceEventsAsJson(SmallTimeline()));
}

TEST(TraceEventTest, BackToBackTasksOfAnyLengthNest) {
  Timeline timeline(20, {.keep_segments = true});
  Rng rng(1);
  for (int32_t worker = 0; worker < 20; ++worker) {
    double now = 0;
    for (int64_t task = 0; task < 200; ++task) {
      // From microseconds to days.
      const double end = now + 1e-6 * (1 + Exponential(rng) * (1 << worker));
      timeline.Record(WorkerId{worker},
                      static_cast<Activity>(UniformInt(rng, kNumActivities)),
                      now, end, task);
      now = end;
    }
  }
  CheckFormat(TraceEventsAsJson(timeline));
}

TEST(TraceEventTest, LabelsAreEscaped) {
  Timeline timeline(1, {.keep_segments = true});
  timeline.Record(WorkerId{0}, Activity::kCompute, 0, 1, 0, "\"quoted\"\n\\");
  timeline.Record(WorkerId{0}, Activity::kCompute, 1, 2, 1, "not UTF-8: \xff");
  const std::string text =
      TraceEventsAsJson(timeline, {.process_name = "ATA, \"fast\""});
  CheckFormat(text);
  const Json trace = Json::parse(text);
  EXPECT_EQ(trace["traceEvents"][0]["args"]["name"], "ATA, \"fast\"");
  EXPECT_EQ(trace["traceEvents"][2]["name"], "\"quoted\"\n\\");
}

TEST(TraceEventTest, TimesScale) {
  const Json trace = Json::parse(
      TraceEventsAsJson(SmallTimeline(), {.microseconds_per_second = 1000}));
  EXPECT_EQ(trace["traceEvents"][3]["ts"], 500.0);
  EXPECT_EQ(trace["traceEvents"][3]["dur"], 750.0);
}

TEST(TraceEventTest, TruncationIsTold) {
  Timeline timeline(1, {.keep_segments = true, .max_segments = 1});
  timeline.Record(WorkerId{0}, Activity::kCompute, 0, 1, 0);
  timeline.Record(WorkerId{0}, Activity::kCompute, 1, 2, 1);
  const Json trace = Json::parse(TraceEventsAsJson(timeline));
  EXPECT_EQ(trace["otherData"]["truncated"], true);
  EXPECT_EQ(trace["otherData"]["dropped_segments"], 1);
}

TEST(TraceEventDeathTest, ChecksTheScale) {
  EXPECT_DEATH(TraceEventsAsJson(Timeline(1), {.microseconds_per_second = 0}),
               "microseconds_per_second");
}

}  // namespace
}  // namespace muster::runtime
