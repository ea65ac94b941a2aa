// Times exact nearest neighbour routing for compare_nearest.py, which runs it
// beside FAISS: a line on the standard input routes all queries once, and the
// answer is a line with the wall and the processor seconds that it took.
//
// Points are files of raw floats, little endian, row by row. At the end of the
// input the nearest sample points are written to --nearest as raw int32.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "gflags/gflags.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/nearest_sample_router.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"

DEFINE_string(sample, "", "file of the sample's points");
DEFINE_string(queries, "", "file of the points to route");
DEFINE_int64(dimension, 1, "floats in a point");
DEFINE_int32(threads, 1, "threads");
DEFINE_string(nearest, "", "file for the nearest sample points");

namespace muster::benchmarks {
namespace {

using dispatch::ClusteredSample;
using dispatch::NearestSampleRouter;
using dispatch::PointSet;
using dispatch::Router;

double Seconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

absl::StatusOr<PointSet> ReadPoints(const std::string& path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, runtime::ReadFile(path));
  if (FLAGS_dimension < 1 ||
      bytes.size() % (sizeof(float) * static_cast<size_t>(FLAGS_dimension)) !=
          0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", bytes.size(), " bytes are no whole points of ",
                     FLAGS_dimension, " floats"));
  }
  PointSet points{.values = std::vector<float>(bytes.size() / sizeof(float)),
                  .dimension = FLAGS_dimension};
  std::memcpy(points.values.data(), bytes.data(), bytes.size());
  return points;
}

absl::Status Run() {
  ClusteredSample sample;
  MUSTER_ASSIGN_OR_RETURN(sample.points, ReadPoints(FLAGS_sample));
  MUSTER_ASSIGN_OR_RETURN(const PointSet queries, ReadPoints(FLAGS_queries));
  // Each sample point is a group of its own, so that routes name it.
  sample.num_groups = sample.points.size();
  for (int32_t j = 0; j < sample.num_groups; ++j) sample.groups.push_back(j);
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Router> router,
                          NearestSampleRouter::Create(std::move(sample)));
  std::vector<int32_t> nearest(static_cast<size_t>(queries.size()));
  std::string line;
  while (std::getline(std::cin, line)) {
    const double wall = Seconds(CLOCK_MONOTONIC);
    const double processor = Seconds(CLOCK_PROCESS_CPUTIME_ID);
    MUSTER_RETURN_IF_ERROR(
        router->Route(queries.View(), nearest, {.threads = FLAGS_threads}));
    std::cout << absl::StrFormat("%.9f %.9f", Seconds(CLOCK_MONOTONIC) - wall,
                                 Seconds(CLOCK_PROCESS_CPUTIME_ID) - processor)
              << std::endl;
  }
  if (FLAGS_nearest.empty()) return absl::OkStatus();
  return runtime::WriteFileAtomically(
      FLAGS_nearest,
      absl::string_view(reinterpret_cast<const char*>(nearest.data()),
                        nearest.size() * sizeof(int32_t)));
}

}  // namespace
}  // namespace muster::benchmarks

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const absl::Status status = muster::benchmarks::Run();
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << status.message() << std::endl;
  return EXIT_FAILURE;
}
