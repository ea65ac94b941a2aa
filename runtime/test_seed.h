#ifndef MUSTER_RUNTIME_TEST_SEED_H_
#define MUSTER_RUNTIME_TEST_SEED_H_

// The seed of tests on generated instances.
//
//   Rng rng(TestSeed());
//
// 1 by default, so that a test is repeatable; the environment variable
// MUSTER_TEST_SEED overrides it (`bazel test` passes it on, see .bazelrc), for
// runs that look for new counterexamples. The seed is printed and recorded as
// the test's property "seed", so that a failure can be repeated.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "gtest/gtest.h"

namespace muster::runtime {

inline uint64_t TestSeed() {
  const char* text = std::getenv("MUSTER_TEST_SEED");
  uint64_t seed = 1;
  if (text != nullptr && *text != '\0') {
    char* end = nullptr;
    seed = std::strtoull(text, &end, 10);
    EXPECT_EQ(*end, '\0') << "MUSTER_TEST_SEED is \"" << text
                          << "\", but must be a decimal number";
  }
  std::cout << "MUSTER_TEST_SEED=" << seed << std::endl;
  testing::Test::RecordProperty("seed", std::to_string(seed));
  return seed;
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_TEST_SEED_H_
