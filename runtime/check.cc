#include "muster/runtime/check.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace muster::runtime::internal_check {

Failure::Failure(const char* file, int line, const std::string& what) {
  stream_ << file << ":" << line << ": check failed: " << what << " ";
}

Failure::~Failure() {
  const std::string message = stream_.str() + "\n";
  std::fwrite(message.data(), 1, message.size(), stderr);
  std::fflush(stderr);
  std::abort();
}

}  // namespace muster::runtime::internal_check
