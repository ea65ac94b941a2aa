// What every allocation policy must do, as a test to run on any of them, one's
// own included.
//
//   TEST(MyAllocatorTest, KeepsTheContract) {
//     CheckAllocatorContract([](const ContractCase& c) { return ...; });
//   }
//
// Over a grid of sizes (one worker, one task, many more tasks than workers and
// the other way round) and of worlds (different workers, equal ones), with
// workers that go down, mid-round calls with ready times, and changing budgets:
//
//   the allocation hands out exactly the budget (or names the racers),
//   ascending, only to workers that are up; the same options and calls give the
//   same answers; a restored allocator goes on as the saved one; a reset one
//   begins as a new one; bytes of another size or damaged bytes are refused,
//   and leave the allocator as it was.

#ifndef MUSTER_ALLOCATION_ALLOCATOR_CONTRACT_H_
#define MUSTER_ALLOCATION_ALLOCATOR_CONTRACT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "muster/allocation/allocator.h"

namespace muster::allocation {

// For which world an allocator is to be made.
struct ContractCase {
  int32_t num_workers = 1;
  int64_t budget = 1;
  uint64_t seed = 1;
  std::vector<double> true_means = {};       // n entries, seconds
  std::vector<double> true_deviations = {};  // n entries, seconds
};

using ContractFactory =
    std::function<std::unique_ptr<Allocator>(const ContractCase&)>;

// Reports failures as GoogleTest expectations of the calling test.
void CheckAllocatorContract(const ContractFactory& create);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ALLOCATOR_CONTRACT_H_
