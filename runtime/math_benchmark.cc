// Our elementary functions over arrays, vectorised, against the standard
// library's: nanoseconds a value are the inverse of items_per_second.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/runtime/math.h"
#include "muster/runtime/vectorize.h"

namespace muster::runtime {
namespace {

constexpr size_t kSize = 1024;

MUSTER_VECTORIZE_CLONES void Logs(const double* x, double* y, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = Log(x[i]);
}
MUSTER_VECTORIZE_CLONES void LogsOfNormal(const double* x, double* y,
                                          size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = LogOfNormal(x[i]);
}
MUSTER_VECTORIZE_CLONES void Exps(const double* x, double* y, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = Exp(x[i]);
}
void LogsOneByOne(const double* x, double* y, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = Log(x[i]);
}
void ExpsOneByOne(const double* x, double* y, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = Exp(x[i]);
}
void Quantiles(const double* x, double* y, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = InverseNormalCdf(x[i]);
}
void StdLogs(const double* x, double* y, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = std::log(x[i]);
}
void StdExps(const double* x, double* y, size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] = std::exp(x[i]);
}

// Arguments in (0, 1), each visited once in an order without pattern.
void Run(benchmark::State& state,
         void (*function)(const double*, double*, size_t)) {
  std::vector<double> x(kSize), y(kSize);
  for (size_t i = 0; i < kSize; ++i) {
    x[i] = (static_cast<double>(i * 389 % kSize) + 0.5) / kSize;
  }
  for (auto _ : state) {
    function(x.data(), y.data(), kSize);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kSize));
}
BENCHMARK_CAPTURE(Run, log, Logs);
BENCHMARK_CAPTURE(Run, log_of_normal, LogsOfNormal);
BENCHMARK_CAPTURE(Run, log_one_by_one, LogsOneByOne);
BENCHMARK_CAPTURE(Run, std_log, StdLogs);
BENCHMARK_CAPTURE(Run, exp, Exps);
BENCHMARK_CAPTURE(Run, exp_one_by_one, ExpsOneByOne);
BENCHMARK_CAPTURE(Run, std_exp, StdExps);
BENCHMARK_CAPTURE(Run, inverse_normal_cdf, Quantiles);

}  // namespace
}  // namespace muster::runtime
