#include "muster/dispatch/clusterer_contract_stop.h"

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;

// Reports at which a stop is tried, at most.
constexpr int64_t kMaxReports = 200;

// Asks for an end at one report, and at no other.
class StopAt final : public runtime::Observer {
 public:
  // flag: null to answer false; otherwise set.
  StopAt(int64_t report, std::atomic<bool>* flag)
      : report_(report), flag_(flag) {}

  bool OnProgress(const runtime::Progress& progress) override {
    if (reports_++ != report_) return true;
    where_ = absl::StrCat(std::string(progress.phase), " ", progress.done);
    if (flag_ == nullptr) return false;
    flag_->store(true);
    return true;
  }

  int64_t reports() const { return reports_; }
  const std::string& where() const { return where_; }

 private:
  const int64_t report_;
  std::atomic<bool>* const flag_;
  int64_t reports_ = 0;
  std::string where_;  // phase and steps done, when it asked
};

// Stops at that report. False if the run has fewer.
bool CheckStopAt(const Clusterer& clusterer, const ClusteringProblem& problem,
                 int64_t report, bool by_flag) {
  std::atomic<bool> flag = false;
  StopAt observer(report, by_flag ? &flag : nullptr);
  const absl::StatusOr<Clustering> result = clusterer.Cluster(
      problem, Rng(1), {.observer = &observer, .stop = &flag});
  if (observer.reports() <= report) {
    EXPECT_THAT(result, IsOk());
    return false;
  }
  SCOPED_TRACE(absl::StrCat("stopped by ", by_flag ? "the flag" : "an answer",
                            " at: ", observer.where()));
  EXPECT_EQ(observer.reports(), report + 1) << "asked again";
  if (result.ok()) {
    EXPECT_THAT(CheckClustering(problem, *result), IsOk());
    EXPECT_FALSE(result->converged);
  } else {
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kCancelled));
  }
  return true;
}

}  // namespace

void CheckStops(const Clusterer& clusterer, const ClusteringProblem& problem) {
  const std::atomic<bool> stop = true;
  EXPECT_THAT(clusterer.Cluster(problem, Rng(1), {.stop = &stop}),
              StatusIs(absl::StatusCode::kCancelled))
      << "stopped beforehand, " << ObjectiveName(problem.objective);
  for (const bool by_flag : {false, true}) {
    for (int64_t report = 0; report < kMaxReports; ++report) {
      if (!CheckStopAt(clusterer, problem, report, by_flag)) break;
    }
  }
}

}  // namespace muster::dispatch
