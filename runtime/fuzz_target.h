#ifndef MUSTER_RUNTIME_FUZZ_TARGET_H_
#define MUSTER_RUNTIME_FUZZ_TARGET_H_

// What fuzz targets share (tests only). A target is a source with
//
//   std::vector<std::string> muster::runtime::FuzzSeeds() { ... }
//   extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
//
// and a rule muster_cc_fuzzer (//tools:cc.bzl). From it come the program
// <name>_fuzzer, which Clang's libFuzzer drives (CI's row "fuzz"), and the test
// <name>_fuzzer_test, which runs the seeds and some thousand mutations of them,
// the same on each run, in every build. The function returns 0 and fails by a
// CHECK or a sanitizer; it looks for what must hold of any bytes whatever.
//
// The environment variable MUSTER_FUZZ_SEEDS names a folder: the program then
// writes the seeds there and ends.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Called with each input; defined by the target.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace muster::runtime {

// Inputs to start from, good ones mostly; defined by the target.
std::vector<std::string> FuzzSeeds();

// A file in memory, for readers that take a path. CHECKs that the system gives
// one.
class MemoryFile {
 public:
  explicit MemoryFile(absl::string_view contents);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // May be opened any number of times while this lives.
  std::string path() const;

 private:
  int fd_;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_FUZZ_TARGET_H_
