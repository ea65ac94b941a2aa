#ifndef MUSTER_BENCHMARKS_ATA_PUBLISHED_H_
#define MUSTER_BENCHMARKS_ATA_PUBLISHED_H_

// Numbers printed in the paper (ICML 2025) and on its poster.

#include <array>
#include <cstdint>

namespace muster::benchmarks {

// Rounds of the synthetic experiments; the tables' ratios are the totals there.
inline constexpr int64_t kPaperRounds = 3'000'000;
// Rounds of the regret plot (figure 4).
inline constexpr int64_t kRegretRounds = 4'000'000;
// Rounds at the end of the CIFAR-100 curves (poster).
inline constexpr int64_t kCifarRounds = 748'000;

// One row of tables 1 and 2. worker_time: GTA's worker time over the policy's;
// runtime: the policy's runtime over GTA's.
struct PublishedRatios {
  int32_t n;
  double worker_time_ata;
  double worker_time_ata_empirical;
  double worker_time_ofta;
  double runtime_ata;
  double runtime_ata_empirical;
  double runtime_ofta;
};

inline constexpr std::array<PublishedRatios, 4> kTable1 = {{
    {17, 1.3, 1.26, 1.26, 1.73, 1.75, 1.74},
    {51, 2.91, 2.69, 3.03, 2.43, 2.45, 2.17},
    {153, 7.22, 7.02, 9.1, 3.44, 3.14, 2.17},
    {459, 12.45, 14.1, 27.3, 6.36, 5.51, 2.17},
}};

inline constexpr std::array<PublishedRatios, 3> kTable2 = {{
    {17, 2.32, 1.91, 2.1, 1.71, 1.71, 1.58},
    {51, 6.71, 5.02, 6.29, 3.27, 2.12, 1.58},
    {153, 3.41, 8.68, 18.87, 7.96, 4.5, 1.58},
}};

// The poster's CIFAR-100 clocks at n = 51: seconds at the end of the curves,
// measured from its vector graphics.
struct PublishedClock {
  const char* policy;  // the key in policies.h
  double runtime_seconds;
  double worker_seconds;
};

inline constexpr std::array<PublishedClock, 5> kCifarClocks = {{
    {"gta", 0.369e9, 1.883e10},
    {"ofta", 0.583e9, 0.299e10},
    {"ata_empirical_figures", 1.155e9, 0.527e10},
    {"ata_figures", 1.576e9, 0.642e10},
    {"uta", 3.571e9, 2.595e10},
}};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_PUBLISHED_H_
