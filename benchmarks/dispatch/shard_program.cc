#include "muster/benchmarks/dispatch/shard_program.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/dispatch/points.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/linear_problem.h"
#include "muster/runtime/check.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

using models::LinearClassifier;
using models::LinearTraining;
using runtime::Rng;

// The cluster runs the workers in parallel, each on one thread.
constexpr runtime::Runtime kOneThread = {.threads = 1};

// Chooses C if there is a choice, trains, counts.
template <typename Dataset>
absl::StatusOr<LinearClassifier> TrainOn(const Dataset& data,
                                         const LearnerOptions& options, Rng rng,
                                         GroupTraining* report) {
  models::LinearClassifierOptions linear = options.linear;
  linear.c = options.validation.grid[0];
  double fits = 1;
  if (options.validation.grid.size() > 1) {
    MUSTER_ASSIGN_OR_RETURN(
        const models::CrossValidation chosen,
        models::CrossValidateC(data, linear, options.validation,
                               rng.Fork("validation"), kOneThread));
    linear.c = chosen.best_c;
    const double share = static_cast<double>(std::min(
                             data.num_rows(), options.validation.max_rows)) /
                         static_cast<double>(data.num_rows());
    // Counted as if each fit took as many passes as the final one.
    fits += share * static_cast<double>(options.validation.grid.size()) *
            static_cast<double>(chosen.num_folds - 1);
  }
  LinearTraining training;
  MUSTER_ASSIGN_OR_RETURN(
      LinearClassifier classifier,
      models::TrainLinearClassifier(data, linear, rng.Fork("fit"), kOneThread,
                                    &training));
  report->rows = data.num_rows();
  report->classes = static_cast<int64_t>(classifier.classes().size());
  report->c = linear.c;
  report->multiply_adds = fits * training.multiply_adds;
  return classifier;
}

// The classifier's scores as those of all classes (as the header says).
void Spread(const LinearClassifier& classifier, std::span<const double> scores,
            std::span<const double> classes, std::span<float> all) {
  const std::vector<double>& own = classifier.classes();
  const auto place = [&](double label) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), label);
    MUSTER_CHECK(found != classes.end() && *found == label) << label;
    return static_cast<size_t>(found - classes.begin());
  };
  float unseen = -1;
  for (const double score : scores) {
    unseen = std::min(unseen, static_cast<float>(score));
  }
  if (own.size() == 2) {
    unseen = std::min(unseen, static_cast<float>(-scores[0]));
  }
  std::fill(all.begin(), all.end(), unseen);
  if (own.size() == 1) {
    all[place(own[0])] = 1;
  } else if (own.size() == 2) {
    all[place(own[0])] = static_cast<float>(-scores[0]);
    all[place(own[1])] = static_cast<float>(scores[0]);
  } else {
    for (size_t c = 0; c < own.size(); ++c) {
      all[place(own[c])] = static_cast<float>(scores[c]);
    }
  }
}

}  // namespace

absl::Status Validate(const LearnerOptions& options) {
  MUSTER_RETURN_IF_ERROR(models::Validate(options.linear));
  return models::Validate(options.validation);
}

ShardProgram::ShardProgram(std::shared_ptr<const dispatch::Router> router,
                           std::vector<double> classes, LearnerOptions options,
                           uint64_t seed)
    : router_(std::move(router)),
      classes_(std::move(classes)),
      options_(std::move(options)),
      seed_(seed) {
  MUSTER_CHECK_OK(Validate(options_));
}

ShardProgram::Response ShardProgram::Run(const Request& request) {
  Response response;
  absl::Status status;
  switch (request.step) {
    case Step::kRoute:
      status = Route(request, &response);
      break;
    case Step::kStore:
      status = Store(request);
      break;
    case Step::kTrain:
      status = Train(request.group, &response);
      break;
    case Step::kAnswer:
      status = Answer(request, &response);
      break;
    case Step::kBusy:
      break;
  }
  if (!status.ok()) response.error = std::string(status.message());
  return response;
}

absl::Status ShardProgram::Route(const Request& request,
                                 Response* response) const {
  const int64_t d = router_->dimension();
  const dispatch::PointsView points{
      request.points.data(), static_cast<int64_t>(request.points.size()) / d,
      d};
  response->groups.resize(static_cast<size_t>(points.size * router_->copies()));
  return router_->Route(points, response->groups, kOneThread);
}

absl::Status ShardProgram::Store(const Request& request) {
  std::map<int32_t, std::vector<int64_t>> rows_of;
  for (size_t i = 0; i < request.groups.size(); ++i) {
    rows_of[request.groups[i]].push_back(static_cast<int64_t>(i));
  }
  for (const auto& [group, rows] : rows_of) {
    AppendRows(request.rows, rows, &parts_[group]);
  }
  return absl::OkStatus();
}

absl::Status ShardProgram::Train(int32_t group, Response* response) {
  const auto part = parts_.find(group);
  // All its rows were lost on the way.
  if (part == parts_.end()) return absl::OkStatus();
  LabeledRows rows = std::move(part->second);
  parts_.erase(part);
  const Rng rng = Rng(seed_).Fork("group", static_cast<uint64_t>(group));
  GroupTraining* const report = &response->training;
  absl::StatusOr<LinearClassifier> classifier =
      rows.sparse
          ? TrainOn(ToSparseDataset(std::move(rows)), options_, rng, report)
          : TrainOn(ToDenseDataset(std::move(rows)), options_, rng, report);
  if (!classifier.ok()) {
    return absl::Status(
        classifier.status().code(),
        absl::StrCat("group ", group, ": ", classifier.status().message()));
  }
  classifiers_.insert_or_assign(group, *std::move(classifier));
  return absl::OkStatus();
}

absl::Status ShardProgram::Answer(const Request& request,
                                  Response* response) const {
  const size_t num_classes = classes_.size();
  const LabeledRows& rows = request.rows;
  response->scores.resize(request.groups.size() * num_classes);
  std::vector<double> scores;
  for (size_t i = 0; i < request.groups.size(); ++i) {
    const auto found = classifiers_.find(request.groups[i]);
    if (found == classifiers_.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("group ", request.groups[i], " has no classifier"));
    }
    const LinearClassifier& classifier = found->second;
    scores.resize(static_cast<size_t>(classifier.num_scores()));
    if (rows.sparse) {
      const auto begin = static_cast<size_t>(rows.row_begin[i]);
      const auto size = static_cast<size_t>(rows.row_begin[i + 1]) - begin;
      classifier.Scores(std::span(rows.columns).subspan(begin, size),
                        std::span(rows.values).subspan(begin, size), scores);
    } else {
      const auto d = static_cast<size_t>(rows.num_features);
      classifier.Scores(std::span(rows.values).subspan(i * d, d), scores);
    }
    Spread(classifier, scores, classes_,
           std::span(response->scores).subspan(i * num_classes, num_classes));
  }
  return absl::OkStatus();
}

}  // namespace muster::benchmarks
