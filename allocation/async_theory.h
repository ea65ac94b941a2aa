#ifndef MUSTER_ALLOCATION_ASYNC_THEORY_H_
#define MUSTER_ALLOCATION_ASYNC_THEORY_H_

// Time complexities of parallel SGD with fixed task times tau_1 <= tau_2 <=
// ..., for curves beside measured ones. With A = L Delta / epsilon (steps of
// exact gradient descent to ||grad f||^2 <= epsilon) and S = sigma^2 / epsilon:
//
//   optimal (Rennala, Ringmaster; equal to the lower bound up to constants):
//     min_m  ( 1/m sum_{i<=m} 1/tau_i )^{-1}  A (1 + S / m)
//   classic asynchronous SGD (all n workers):
//            ( 1/n sum_i 1/tau_i )^{-1}  A (1 + S / n)
//   mini-batch SGD (wait for all n):
//            tau_n  A (1 + S / n)
//
// Source: Tyurin, Richtarik 2023; Maranjyan, Tyurin, Richtarik 2025
// (Ringmaster). Constants are dropped: ratios and shapes have a meaning, single
// values have not.

#include <cstdint>
#include <span>

namespace muster::allocation {

struct TimeComplexity {
  double seconds = 0;
  int64_t workers = 0;  // m, the number of fastest workers that count
};

// `task_seconds` > 0 in any order, at least one; A > 0, S >= 0 (CHECKed).
// O(n log n).
TimeComplexity OptimalTime(std::span<const double> task_seconds,
                           double exact_steps, double noise_ratio);
double ClassicAsgdTime(std::span<const double> task_seconds, double exact_steps,
                       double noise_ratio);
double MiniBatchTime(std::span<const double> task_seconds, double exact_steps,
                     double noise_ratio);

// The time in which workers of fixed task times make `batch` (1 .. 2^31 - 1)
// gradients in all, each worker one after another: the batch-th smallest of
// { j tau_i }, the optimum of min_max_allocation.h. The exact duration of a
// step of Rennala. O(n + m log m), m = min(n, batch).
double GreedyBatchSeconds(std::span<const double> task_seconds, int64_t batch);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ASYNC_THEORY_H_
