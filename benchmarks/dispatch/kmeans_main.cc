// Lloyd's iteration on points and centres from files, timed: our side of
// compare_kmeans.py. Files hold rows of little-endian floats, no header. Prints
// one JSON object.

#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "gflags/gflags.h"
#include "muster/dispatch/lloyd.h"
#include "muster/dispatch/points.h"

DEFINE_string(points, "", "file of the points");
DEFINE_string(centers, "", "file of the initial centres");
DEFINE_string(out, "", "file to write the final centres to; empty: none");
DEFINE_int64(dimension, 0, "features per row");
DEFINE_int64(iterations, 20, "iterations at most");
DEFINE_int64(group_size, -1, "centres per group of bounds, as of LloydOptions");
DEFINE_int32(threads, 1, "threads");

namespace muster::benchmarks {
namespace {

using dispatch::PointSet;

bool ReadRows(const std::string& path, PointSet* rows) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto bytes = static_cast<int64_t>(file.tellg());
  const int64_t row_bytes =
      FLAGS_dimension * static_cast<int64_t>(sizeof(float));
  if (!file || row_bytes < 1 || bytes < row_bytes || bytes % row_bytes != 0) {
    std::cerr << path << ": not whole rows of " << FLAGS_dimension
              << " floats\n";
    return false;
  }
  rows->dimension = FLAGS_dimension;
  rows->values.resize(static_cast<size_t>(bytes) / sizeof(float));
  file.seekg(0);
  return static_cast<bool>(
      file.read(reinterpret_cast<char*>(rows->values.data()), bytes));
}

double ProcessorSeconds() {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

int Run() {
  PointSet points, centers;
  if (!ReadRows(FLAGS_points, &points) || !ReadRows(FLAGS_centers, &centers)) {
    return 1;
  }
  const auto start = std::chrono::steady_clock::now();
  const double processor_start = ProcessorSeconds();
  const auto result = dispatch::Lloyd(
      points.View(), std::move(centers),
      {.max_iterations = FLAGS_iterations, .group_size = FLAGS_group_size},
      {.threads = FLAGS_threads});
  const double processor = ProcessorSeconds() - processor_start;
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (!result.ok()) {
    std::cerr << result.status().ToString() << "\n";
    return 1;
  }
  if (!FLAGS_out.empty()) {
    std::ofstream out(FLAGS_out, std::ios::binary);
    const std::vector<float>& values = result->centers.values;
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<int64_t>(values.size() * sizeof(float)));
    if (!out.flush()) {
      std::cerr << FLAGS_out << ": cannot be written\n";
      return 1;
    }
  }
  std::cout << absl::StrFormat(
      "{\"wall_seconds\": %.6f, \"processor_seconds\": %.6f, \"cost\": %.17g, "
      "\"iterations\": %d, \"pairs\": %d}\n",
      wall, processor, result->cost, result->iterations, result->pairs);
  return 0;
}

}  // namespace
}  // namespace muster::benchmarks

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  return muster::benchmarks::Run();
}
