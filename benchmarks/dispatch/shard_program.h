#ifndef MUSTER_BENCHMARKS_DISPATCH_SHARD_PROGRAM_H_
#define MUSTER_BENCHMARKS_DISPATCH_SHARD_PROGRAM_H_

// What one worker of a dispatched learning run does, on any runtime::Cluster:
// it routes batches of the stream that it reads, keeps the rows of the groups
// that it owns, trains a classifier for each of them, and answers the queries
// routed to them. Groups never talk to one another (Dick et al., AISTATS 2017,
// section 5).
//
// Work is counted, not timed: a response says how many multiply-adds it took,
// an exact number that is the same on every machine and for any threads.

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/dispatch/router.h"
#include "muster/models/cross_validation.h"
#include "muster/models/linear_classifier.h"

namespace muster::benchmarks {

struct LearnerOptions {
  // Loss, bias, solver, tolerance. Default: the paper's learner, an L2-loss
  // (squared hinge) machine, one against all, without bias.
  models::LinearClassifierOptions linear = {};
  // With more than one C in the grid each group chooses its own by cross
  // validation on its own rows; a single one is taken as it is. Default: one,
  // as the paper does not give its grid, and liblinear's default is 1; choosing
  // costs folds x grid times as much. max_rows bounds that.
  models::CrossValidationOptions validation = {.grid = {1}, .max_rows = 2000};
};

absl::Status Validate(const LearnerOptions& options);

// What one group's training came to.
struct GroupTraining {
  int64_t rows = 0;
  int64_t classes = 0;       // present in the group
  double c = 0;              // chosen
  double multiply_adds = 0;  // of the whole, cross validation included

  static void Fields(auto& self, auto&& visit) {
    visit(self.rows, self.classes, self.c, self.multiply_adds);
  }
};

class ShardProgram {
 public:
  enum class Step : uint8_t {
    kRoute,   // points -> groups
    kStore,   // rows -> the parts of `groups` (one for each row)
    kTrain,   // the part of `group` -> its classifier
    kAnswer,  // rows -> scores by the classifiers of `groups`
    kBusy,    // nothing: stands for work that was counted elsewhere
  };
  struct Request {
    Step step = Step::kBusy;
    int32_t group = 0;
    std::vector<float> points = {};    // n x d
    std::vector<int32_t> groups = {};  // n
    LabeledRows rows = {};             // n; no labels in queries

    static void Fields(auto& self, auto&& visit) {
      visit(self.step, self.group, self.points, self.groups, self.rows);
    }
  };
  struct Response {
    std::string error = {};            // empty: none
    std::vector<int32_t> groups = {};  // kRoute: n x p
    std::vector<float> scores = {};    // kAnswer: n x classes
    GroupTraining training = {};       // kTrain

    static void Fields(auto& self, auto&& visit) {
      visit(self.error, self.groups, self.scores, self.training);
    }
  };

  // `classes`: all labels of the whole problem, ascending; scores are in that
  // order. A class that a group has not seen scores there -1, what a perfect
  // machine would give it, or the lowest score of the others if that is less:
  // it is never chosen. `options` must be valid.
  ShardProgram(std::shared_ptr<const dispatch::Router> router,
               std::vector<double> classes, LearnerOptions options,
               uint64_t seed);

  Response Run(const Request& request);

 private:
  absl::Status Route(const Request& request, Response* response) const;
  absl::Status Store(const Request& request);
  absl::Status Train(int32_t group, Response* response);
  absl::Status Answer(const Request& request, Response* response) const;

  const std::shared_ptr<const dispatch::Router> router_;
  const std::vector<double> classes_;
  const LearnerOptions options_;
  const uint64_t seed_;
  std::map<int32_t, LabeledRows> parts_;  // by group; gone once trained
  std::map<int32_t, models::LinearClassifier> classifiers_;  // by group
};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_SHARD_PROGRAM_H_
