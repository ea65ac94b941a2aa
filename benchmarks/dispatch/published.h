#ifndef MUSTER_BENCHMARKS_DISPATCH_PUBLISHED_H_
#define MUSTER_BENCHMARKS_DISPATCH_PUBLISHED_H_

// Numbers of the paper (Dick et al., AISTATS 2017, and its supplement). The
// accuracies were read off the vector graphics of the figures (+- 0.0005).

#include <array>
#include <cstdint>

namespace muster::benchmarks {

// Accuracy of the methods at k groups.
struct PublishedAccuracy {
  int64_t groups;
  double ours;
  double bpt;     // balanced partition tree
  double random;  // random partition
};

// Figure 3a: 128 GB of the synthetic data.
inline constexpr std::array<PublishedAccuracy, 6> kFigure3aSynthetic = {{
    {256, .822, .815, .674},
    {512, .838, .827, .674},
    {1024, .844, .836, .676},
    {2048, .858, .844, .675},
    {4096, .862, .853, .675},
    {8192, .874, .860, .678},
}};

// Figure 3b: MNIST-8M.
inline constexpr std::array<PublishedAccuracy, 9> kFigure3bMnist = {{
    {4, .884, .864, .854},
    {8, .902, .883, .854},
    {16, .917, .889, .853},
    {32, .931, .900, .853},
    {64, .945, .903, .851},
    {128, .960, .908, .848},
    {256, .973, .909, .840},
    {512, .982, .909, .820},
    {1024, .987, .910, .774},
}};

// Figure 11 (supplement): the grid distribution.
struct PublishedGridAccuracy {
  int64_t groups;
  double ours;
  double bpt;
};
inline constexpr std::array<PublishedGridAccuracy, 6> kFigure11Grid = {{
    {2, .659, .527},
    {4, .756, .493},
    {8, .782, .405},
    {16, .780, .354},
    {32, .759, .327},
    {64, .751, .320},
}};

// Section 14 (supplement): two Gaussians.
inline constexpr double kTwoGaussiansKMeansPlusPlus = .768;
inline constexpr double kTwoGaussiansLpRounding = .988;

// Figure 3f: total time on 8 workers over that on 16, 32 and 64.
inline constexpr std::array<int64_t, 4> kFigure3fWorkers = {8, 16, 32, 64};
struct PublishedSpeedUp {
  const char* data;
  std::array<double, 4> speed_up;
};
inline constexpr std::array<PublishedSpeedUp, 5> kFigure3fSpeedUp = {{
    {"Synthetic", {1, 1.70, 3.13, 5.37}},
    {"MNIST-8M", {1, 1.62, 2.51, 3.71}},
    {"CIFAR early", {1, 1.29, 1.97, 3.17}},
    {"CIFAR late", {1, 1.31, 2.12, 3.18}},
    {"CTR", {1, 1.28, 1.48, 2.21}},
}};

// Figures 8 and 9 (supplement): objective and label entropy of the clusterers
// at n = 700, p = 2 and k = 8, 16, 32, 64, 128.
inline constexpr std::array<int64_t, 5> kFigure8Groups = {8, 16, 32, 64, 128};
struct PublishedClusterer {
  const char* data;
  const char* clusterer;
  std::array<double, 5> objective;
  std::array<double, 5> entropy_bits;
};
inline constexpr std::array<PublishedClusterer, 9> kFigures8And9 = {{
    {"MNIST",
     "k-means++",
     {31783, 29127, 26494, 24070, 21043},
     {2.70, 2.42, 2.23, 2.06, 1.94}},
    {"MNIST",
     "LP k-median",
     {34712, 33852, 31566, 27651, 22330},
     {3.13, 3.03, 2.84, 2.49, 2.08}},
    {"MNIST",
     "LP k-means",
     {34870, 33886, 31647, 28379, 23641},
     {3.16, 3.04, 2.86, 2.57, 2.16}},
    {"CIFAR early",
     "k-means++",
     {2342, 1946, 1654, 1398, 1159},
     {2.96, 2.80, 2.76, 2.67, 2.54}},
    {"CIFAR early",
     "LP k-median",
     {3185, 2696, 2305, 1911, 1502},
     {3.16, 3.03, 2.84, 2.69, 2.41}},
    {"CIFAR early",
     "LP k-means",
     {3288, 3006, 2586, 2215, 1778},
     {3.19, 3.13, 2.97, 2.78, 2.47}},
    {"CIFAR late",
     "k-means++",
     {474, 431, 390, 354, 317},
     {2.80, 2.66, 2.53, 2.43, 2.30}},
    {"CIFAR late",
     "LP k-median",
     {570, 553, 512, 456, 386},
     {3.16, 3.08, 2.87, 2.58, 2.33}},
    {"CIFAR late",
     "LP k-means",
     {564, 553, 522, 470, 395},
     {3.14, 3.07, 2.93, 2.62, 2.34}},
}};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_PUBLISHED_H_
