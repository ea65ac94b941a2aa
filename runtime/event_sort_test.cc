#include "muster/runtime/event_sort.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/event.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

TEST(EventTest, BeforeIsTheOrderOfTheFields) {
  const Event events[] = {{0, -1, 0}, {0, 0, -7}, {0, 0, 0},
                          {0, 1, -1}, {1, -9, 0}, {2, 0, 0}};
  for (const Event& a : events) {
    for (const Event& b : events) EXPECT_EQ(Before(a, b), a < b);
  }
}

// `num_times` distinct times at most: from all equal to practically all
// distinct.
TEST(SortFewEventsTest, SortsLikeTheStandardLibrary) {
  const Rng root = Rng(TestSeed()).Fork("sort_few");
  for (const int64_t num_times : {1, 3, 20, 1 << 30}) {
    for (size_t count = 0; count <= kMaxFewEvents; ++count) {
      for (uint64_t instance = 0; instance < 100; ++instance) {
        Rng rng = root.Fork("instance", num_times, 1000 * count + instance);
        std::vector<Event> events(kMaxFewEvents);
        for (Event& event : events) {
          event = {static_cast<double>(UniformInt(rng, num_times)),
                   static_cast<int32_t>(UniformInt(rng, 4)) - 2,
                   static_cast<int32_t>(UniformInt(rng, 4)) - 2};
        }
        std::vector<Event> out(kMaxFewEvents);
        SortFewEvents(events.data(), count, out.data());
        out.resize(count);
        events.resize(count);
        std::sort(events.begin(), events.end());
        ASSERT_EQ(out, events) << "count " << count << " times " << num_times;
      }
    }
  }
}

}  // namespace
}  // namespace muster::runtime
