// The test of a fuzz target: its seeds, everything that they begin with, and
// mutations of them. See fuzz_target.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "muster/runtime/distributions.h"
#include "muster/runtime/fuzz_target.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

constexpr int64_t kMutations = 1500;
constexpr int64_t kCuts = 64;  // of each seed

void RunTarget(const std::string& input) {
  // A buffer of exactly this size, so that a sanitizer sees a step beyond it.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  EXPECT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0);
}

// One edit: a byte changed, put in, or replaced by a telling one; a stretch
// taken out, doubled, or taken from `other`.
void Edit(Rng& rng, const std::string& other, std::string* input) {
  const auto size = static_cast<int64_t>(input->size());
  const int64_t at = UniformInt(rng, size + 1);
  const auto byte = static_cast<char>(UniformInt(rng, 256));
  const int64_t length = std::min(size - at, 1 + UniformInt(rng, 8));
  constexpr char kTelling[] = "\0\x01\x7f\xff 0:,\n\"-";
  switch (UniformInt(rng, 6)) {
    case 0:
      if (at < size) (*input)[at] = byte;
      break;
    case 1:
      input->insert(at, 1, byte);
      break;
    case 2:
      if (at < size) (*input)[at] = kTelling[UniformInt(rng, 11)];
      break;
    case 3:
      input->erase(at, length);
      break;
    case 4:
      input->insert(at, input->substr(at, length));
      break;
    default: {
      const int64_t from =
          UniformInt(rng, static_cast<int64_t>(other.size()) + 1);
      input->replace(at, length, other.substr(from, 8));
    }
  }
}

TEST(FuzzTargetTest, SeedsAndTheirBeginnings) {
  for (const std::string& seed : FuzzSeeds()) {
    RunTarget(seed);
    const auto size = static_cast<int64_t>(seed.size());
    for (int64_t cut = 0; cut < std::min(kCuts, size); ++cut) {
      RunTarget(seed.substr(0, size <= kCuts ? cut : cut * size / kCuts));
    }
  }
}

TEST(FuzzTargetTest, Mutations) {
  const Rng root(TestSeed());
  const std::vector<std::string> seeds = FuzzSeeds();
  const auto num_seeds = static_cast<int64_t>(seeds.size());
  for (int64_t mutation = 0; mutation < kMutations; ++mutation) {
    Rng rng = root.Fork("mutation", mutation);
    std::string input = seeds[mutation % num_seeds];
    const int64_t edits = 1 + UniformInt(rng, 5);
    for (int64_t edit = 0; edit < edits; ++edit) {
      Edit(rng, seeds[UniformInt(rng, num_seeds)], &input);
    }
    RunTarget(input);
  }
}

}  // namespace
}  // namespace muster::runtime
