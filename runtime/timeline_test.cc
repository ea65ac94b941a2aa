#include "muster/runtime/timeline.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/ids.h"

namespace muster::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr WorkerId kFirst{0};
constexpr WorkerId kSecond{1};

//            0    1    2    3    4    5    6    7    8
//  worker 0  [compute 0][compute 1][ lost 2 ]
//  worker 1       [ cancelled 0 ][expired 1]
Timeline SmallTimeline(TimelineOptions options) {
  Timeline timeline(2, options);
  timeline.Record(kFirst, Activity::kCompute, 0, 2, 0, "gradient");
  timeline.Record(kSecond, Activity::kCancelled, 1, 4, 0);
  timeline.Record(kFirst, Activity::kCompute, 2, 4, 1, "a \"b\", c");
  timeline.Record(kSecond, Activity::kExpired, 4, 5.5, 1, "gradient");
  timeline.Record(kFirst, Activity::kLost, 4, 6, 2);
  timeline.Record(kFirst, Activity::kLost, 6, 6, 3);  // queued behind the crash
  timeline.RecordRequestBytes(kFirst, 100);
  timeline.RecordRequestBytes(kSecond, 10);
  timeline.RecordResponseBytes(kFirst, 7);
  return timeline;
}

TEST(TimelineTest, SumsPerWorkerAndOverall) {
  const Timeline timeline = SmallTimeline({});
  const TimelineTotals& first = timeline.worker_totals(kFirst);
  EXPECT_EQ(first.Seconds(Activity::kCompute), 4);
  EXPECT_EQ(first.Seconds(Activity::kLost), 2);
  EXPECT_EQ(first.Tasks(Activity::kCompute), 2);
  EXPECT_EQ(first.Tasks(Activity::kLost), 2);
  EXPECT_EQ(first.WorkerSeconds(), 6);
  const TimelineTotals& second = timeline.worker_totals(kSecond);
  EXPECT_EQ(second.Seconds(Activity::kCancelled), 3);
  EXPECT_EQ(second.Seconds(Activity::kExpired), 1.5);
  EXPECT_EQ(second.Seconds(Activity::kCompute), 0);
  EXPECT_EQ(timeline.WorkerSeconds(), 10.5);
  EXPECT_EQ(timeline.totals().Tasks(Activity::kLost), 2);
  EXPECT_EQ(timeline.totals().bytes_requested, 110);
  EXPECT_EQ(timeline.totals().bytes_returned, 7);
  EXPECT_EQ(second.bytes_requested, 10);
}

TEST(TimelineTest, IdleAndUtilisationFollowFromTheHorizon) {
  const Timeline timeline = SmallTimeline({});
  EXPECT_EQ(timeline.end_seconds(), 6);
  EXPECT_EQ(timeline.IdleSeconds(8), 2 * 8 - 10.5);
  EXPECT_EQ(timeline.Utilisation(8), 4.0 / 16);
}

TEST(TimelineTest, WithoutWorkersOrTimeThereIsNoUtilisation) {
  EXPECT_TRUE(std::isnan(Timeline(0).Utilisation(8)));
  EXPECT_TRUE(std::isnan(Timeline(3).Utilisation(0)));
  EXPECT_EQ(Timeline(3).IdleSeconds(2), 6);
  EXPECT_EQ(Timeline(3).end_seconds(), 0);
}

TEST(TimelineTest, SegmentsAreKeptOnRequestOnly) {
  EXPECT_THAT(SmallTimeline({}).segments(), IsEmpty());
  EXPECT_FALSE(SmallTimeline({}).truncated());
  const Timeline timeline = SmallTimeline({.keep_segments = true});
  // The task that never ran has none.
  ASSERT_THAT(timeline.segments(), SizeIs(5));
  EXPECT_EQ(timeline.segments()[1].worker, 1);
  EXPECT_EQ(timeline.segments()[1].activity, Activity::kCancelled);
  EXPECT_EQ(timeline.segments()[1].begin_seconds, 1);
  EXPECT_EQ(timeline.segments()[1].end_seconds, 4);
  EXPECT_EQ(timeline.segments()[4].task, 2);
  // Labels are entered once.
  EXPECT_THAT(timeline.labels(), ElementsAre("", "gradient", "a \"b\", c"));
  EXPECT_EQ(timeline.segments()[0].label, 1);
  EXPECT_EQ(timeline.segments()[3].label, 1);
}

TEST(TimelineTest, ATruncatedTimelineSaysSoAndKeepsItsTotals) {
  const Timeline timeline =
      SmallTimeline({.keep_segments = true, .max_segments = 2});
  EXPECT_THAT(timeline.segments(), SizeIs(2));
  EXPECT_TRUE(timeline.truncated());
  EXPECT_EQ(timeline.num_dropped_segments(), 3);
  EXPECT_EQ(timeline.WorkerSeconds(), 10.5);
}

TEST(TimelineDeathTest, ChecksItsArguments) {
  EXPECT_DEATH(Timeline(-1), "num_workers");
  EXPECT_DEATH(Timeline(1, {.max_segments = -1}), "max_segments");
}

}  // namespace
}  // namespace muster::runtime
