#include "muster/benchmarks/harness/timeline_figure.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/ids.h"

namespace muster::benchmarks {
namespace {

using runtime::Activity;
using runtime::Timeline;
using runtime::WorkerId;
using ::testing::HasSubstr;

// worker 0: |--0--|--1--|        0-2, 2-5
// worker 1: |xxxx 0 xxx|         0-4 cancelled, labelled "late"
Timeline Example() {
  Timeline timeline(2, {.keep_segments = true});
  timeline.Record(WorkerId{0}, Activity::kCompute, 0, 2, 0);
  timeline.Record(WorkerId{1}, Activity::kCancelled, 0, 4, 0, "late");
  timeline.Record(WorkerId{0}, Activity::kCompute, 2, 5, 1);
  return timeline;
}

TEST(GanttPanelTest, HasABlockPerSegment) {
  const Panel panel = GanttPanel(Example());
  ASSERT_EQ(panel.gantt.size(), 3u);
  EXPECT_EQ(panel.gantt[1].row, 1);
  EXPECT_EQ(panel.gantt[1].activity, "cancelled");
  EXPECT_EQ(panel.gantt[1].label, "late");
  EXPECT_EQ(panel.gantt[2].label, "1");
  EXPECT_EQ(panel.gantt[2].end_seconds, 5);
  EXPECT_EQ(panel.title, "");
}

TEST(GanttPanelTest, CutsAtTheWindow) {
  const Panel panel =
      GanttPanel(Example(), {.begin_seconds = 1, .end_seconds = 2});
  ASSERT_EQ(panel.gantt.size(), 2u);
  EXPECT_EQ(panel.gantt[0].begin_seconds, 1);
  EXPECT_EQ(panel.gantt[1].end_seconds, 2);
}

TEST(GanttPanelTest, SaysWhatItLeavesOut) {
  EXPECT_EQ(GanttPanel(Example(), {.max_workers = 1}).gantt.size(), 2u);
  const Panel panel = GanttPanel(Example(), {.max_segments = 1});
  EXPECT_EQ(panel.gantt.size(), 1u);
  EXPECT_THAT(panel.title, HasSubstr("2 more tasks are not drawn"));
}

TEST(GanttPanelDeathTest, NeedsTheSegments) {
  EXPECT_TRUE(GanttPanel(Timeline(2)).gantt.empty());
  Timeline timeline(1);
  timeline.Record(WorkerId{0}, Activity::kCompute, 0, 2, 0);
  EXPECT_DEATH(GanttPanel(timeline), "did not keep its segments");
}

}  // namespace
}  // namespace muster::benchmarks
