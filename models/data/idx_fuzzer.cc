// Any bytes are refused, or read as a tensor that is written as these bytes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/idx.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fuzz_target.h"

std::vector<std::string> muster::runtime::FuzzSeeds() {
  using muster::models::FormatIdx;
  return {FormatIdx({.sizes = {2, 1, 3}, .bytes = {0, 255, 0, 51, 0, 102}}),
          FormatIdx({.sizes = {4}, .bytes = {7, 9, 0, 1}}),
          FormatIdx({.sizes = {3, 0, 5}, .bytes = {}}),
          std::string("\0\0\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff", 12)};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tensor = muster::models::ParseIdx(bytes, "input");
  if (!tensor.ok()) {
    MUSTER_CHECK(absl::StartsWith(tensor.status().message(), "input"));
    return 0;
  }
  MUSTER_CHECK(muster::models::FormatIdx(*tensor) == bytes);
  if (tensor->sizes.size() < 2 || tensor->sizes[0] > 1000) return 0;
  muster::models::IdxTensor labels;
  labels.sizes = {tensor->sizes[0]};
  labels.bytes.resize(tensor->sizes[0]);
  const auto rows = muster::models::ImagesToDataset(*tensor, labels);
  if (rows.ok()) MUSTER_CHECK(muster::models::Validate(*rows).ok());
  return 0;
}
