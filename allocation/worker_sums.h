#ifndef MUSTER_ALLOCATION_WORKER_SUMS_H_
#define MUSTER_ALLOCATION_WORKER_SUMS_H_

// One sum of gradients per worker, for methods on heterogeneous data, which
// average within workers first. n d doubles at most: a worker's sum is allotted
// when it gives its first gradient.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "muster/allocation/sgd_internal.h"

namespace muster::allocation::internal {

class WorkerSums {
 public:
  // No gradients, of `num_workers` workers, each of `dimension` elements.
  void Reset(int32_t num_workers, int64_t dimension) {
    dimension_ = dimension;
    sums_.resize(num_workers);
    counts_.assign(num_workers, 0);
    num_present_ = 0;
  }

  void Add(int32_t worker, std::vector<double>&& gradient) {
    if (counts_[worker]++ == 0) {
      sums_[worker] = std::move(gradient);
      ++num_present_;
    } else {
      Accumulate(gradient, sums_[worker]);
    }
  }

  // b_i.
  int64_t count(int32_t worker) const { return counts_[worker]; }
  // Workers with b_i > 0.
  int32_t num_present() const { return num_present_; }

  // mean <- (1/m) sum_i G_i / b_i over the m workers with b_i > 0, added up in
  // the order of the workers; zero if there is none. O(n d).
  void MeanOfMeans(std::vector<double>& mean) const {
    mean.assign(dimension_, 0.0);
    for (size_t i = 0; i < counts_.size(); ++i) {
      AddMean(static_cast<int32_t>(i), 1.0, mean);
    }
  }

  // The same from the mean before, when one worker with b_i > 0 gives one more
  // gradient. O(d); exact up to rounding.
  void AddAndUpdateMean(int32_t worker, std::vector<double>&& gradient,
                        std::vector<double>& mean) {
    AddMean(worker, -1.0, mean);
    Add(worker, std::move(gradient));
    AddMean(worker, 1.0, mean);
  }

 private:
  // mean <- mean + sign (1/m) G_i / b_i.
  void AddMean(int32_t worker, double sign, std::vector<double>& mean) const {
    if (counts_[worker] == 0) return;
    const double weight = sign / (static_cast<double>(num_present_) *
                                  static_cast<double>(counts_[worker]));
    const std::vector<double>& sum = sums_[worker];
    for (int64_t j = 0; j < dimension_; ++j) mean[j] += weight * sum[j];
  }

  int64_t dimension_ = 0;
  std::vector<std::vector<double>> sums_;  // G_i, by worker
  std::vector<int64_t> counts_;            // b_i, by worker
  int32_t num_present_ = 0;
};

}  // namespace muster::allocation::internal

#endif  // MUSTER_ALLOCATION_WORKER_SUMS_H_
