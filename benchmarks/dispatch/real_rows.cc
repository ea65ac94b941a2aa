#include "muster/benchmarks/dispatch/real_rows.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/dispatch/random_projection.h"
#include "muster/models/data/bag_of_words.h"
#include "muster/models/data/libsvm.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/data/tf_idf.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

using models::SparseDataset;

constexpr int64_t kA9aFeatures = 123;

absl::StatusOr<LabeledData> ReadA9a(Experiment& experiment,
                                    absl::string_view file) {
  MUSTER_ASSIGN_OR_RETURN(const std::string path, experiment.DataFile(file));
  MUSTER_ASSIGN_OR_RETURN(
      SparseDataset rows,
      models::ReadLibsvm(path, {.num_features = kA9aFeatures}));
  LabeledData data{.points = models::ToDense(rows)};
  data.features = std::move(rows);
  return data;
}

// Word counts of one part with its labels.
absl::StatusOr<SparseDataset> ReadPart(Experiment& experiment,
                                       absl::string_view part) {
  MUSTER_ASSIGN_OR_RETURN(const std::string words,
                          experiment.DataFile(absl::StrCat(
                              "bow/20news/docword.20news.", part, ".txt.gz")));
  MUSTER_ASSIGN_OR_RETURN(const std::string labels,
                          experiment.DataFile(absl::StrCat(
                              "bow/20news/20news.", part, ".labels.gz")));
  MUSTER_ASSIGN_OR_RETURN(SparseDataset counts, models::ReadBagOfWords(words));
  MUSTER_RETURN_IF_ERROR(models::ReadLabels(labels, &counts));
  return counts;
}

// The rows with their projections as points.
absl::StatusOr<LabeledData> Projected(
    const dispatch::RandomProjection& projection, SparseDataset rows,
    const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(dispatch::PointSet points,
                          projection.Project({.num_columns = rows.num_features,
                                              .row_begin = rows.row_begin,
                                              .columns = rows.columns,
                                              .values = rows.values},
                                             runtime));
  LabeledData data;
  data.points.num_features = points.dimension;
  data.points.values = std::move(points.values);
  data.points.labels = rows.labels;
  data.features = std::move(rows);
  return data;
}

// Word counts to TF-IDF by the training part, with projections as points.
absl::StatusOr<SharedDataset> WeighAndProject(std::string name,
                                              SparseDataset train,
                                              SparseDataset test,
                                              int64_t dimension, uint64_t seed,
                                              const runtime::Runtime& runtime) {
  const std::vector<double> idf = models::InverseDocumentFrequencies(train);
  models::ApplyTfIdf(idf, &train);
  models::ApplyTfIdf(idf, &test);
  MUSTER_ASSIGN_OR_RETURN(
      const auto projection,
      dispatch::RandomProjection::Create({.num_features = train.num_features,
                                          .dimension = dimension,
                                          .seed = seed}));
  MUSTER_ASSIGN_OR_RETURN(LabeledData train_data,
                          Projected(projection, std::move(train), runtime));
  MUSTER_ASSIGN_OR_RETURN(LabeledData test_data,
                          Projected(projection, std::move(test), runtime));
  return MakePair(std::move(name), std::move(train_data), std::move(test_data));
}

}  // namespace

absl::StatusOr<SharedDataset> A9aData(Experiment& experiment) {
  MUSTER_ASSIGN_OR_RETURN(LabeledData train,
                          ReadA9a(experiment, "libsvm/a9a.gz"));
  MUSTER_ASSIGN_OR_RETURN(LabeledData test,
                          ReadA9a(experiment, "libsvm/a9a.t.gz"));
  return MakePair("a9a", std::move(train), std::move(test));
}

absl::StatusOr<NewsCounts> ReadNews(Experiment& experiment) {
  NewsCounts counts;
  MUSTER_ASSIGN_OR_RETURN(counts.train, ReadPart(experiment, "train"));
  MUSTER_ASSIGN_OR_RETURN(counts.test, ReadPart(experiment, "test"));
  return counts;
}

absl::StatusOr<SharedDataset> NewsByDate(const NewsCounts& counts,
                                         int64_t dimension, uint64_t seed,
                                         const runtime::Runtime& runtime) {
  return WeighAndProject("20news", counts.train, counts.test, dimension, seed,
                         runtime);
}

absl::StatusOr<SharedDataset> NewsHeldOut(const NewsCounts& counts,
                                          int64_t dimension, uint64_t seed,
                                          const runtime::Runtime& runtime) {
  const SparseDataset& all = counts.train;
  runtime::Rng rng = runtime::Rng(seed).Fork("held_out_news");
  std::vector<int64_t> rows;
  runtime::SampleWithoutReplacement(rng, all.num_rows(), all.num_rows(), &rows);
  const std::span<const int64_t> order = rows;
  const size_t held_out = rows.size() / 5;
  return WeighAndProject(
      "20news, held out", models::SelectRows(all, order.subspan(held_out)),
      models::SelectRows(all, order.first(held_out)), dimension, seed, runtime);
}

}  // namespace muster::benchmarks
