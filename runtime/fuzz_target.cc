#include "muster/runtime/fuzz_target.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"

// Called by libFuzzer before the first input.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("MUSTER_FUZZ_SEEDS");
  if (folder == nullptr || *folder == '\0') return 0;
  int number = 0;
  for (const std::string& seed : muster::runtime::FuzzSeeds()) {
    std::ofstream file(absl::StrCat(folder, "/seed_", number++),
                       std::ios::binary);
    file.write(seed.data(), static_cast<std::streamsize>(seed.size()));
    file.close();
    MUSTER_CHECK(file.good()) << folder;
  }
  std::exit(0);
}

namespace muster::runtime {

MemoryFile::MemoryFile(absl::string_view contents)
    : fd_(memfd_create("muster_fuzz", MFD_CLOEXEC)) {
  MUSTER_CHECK_GE(fd_, 0);
  while (!contents.empty()) {
    const ssize_t count = write(fd_, contents.data(), contents.size());
    MUSTER_CHECK_GT(count, 0);
    contents.remove_prefix(static_cast<size_t>(count));
  }
}

MemoryFile::~MemoryFile() { close(fd_); }

std::string MemoryFile::path() const {
  return absl::StrCat("/proc/self/fd/", fd_);
}

}  // namespace muster::runtime
