#ifndef MUSTER_BENCHMARKS_DISPATCH_REAL_ROWS_H_
#define MUSTER_BENCHMARKS_DISPATCH_REAL_ROWS_H_

// Real data sets other than images: a table and texts. Learners see the sparse
// rows; routers see them dense (a9a) or projected to few dimensions (texts).
// NotFound (of Experiment::DataFile) says how to get the files.

#include <cstdint>

#include "absl/status/statusor.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/runtime.h"

namespace muster::benchmarks {

// a9a (UCI Adult, binarised): 32,561 and 16,281 rows of 123 binary features, 14
// of them set in a row; two classes, 24 % positive. The stand-in for the
// paper's private table of clicks.
absl::StatusOr<SharedDataset> A9aData(Experiment& experiment);

// 20 Newsgroups as counts of 61,188 words, 20 classes, split by date into
// 11,269 and 7,505 documents.
struct NewsCounts {
  models::SparseDataset train = {};
  models::SparseDataset test = {};
};
absl::StatusOr<NewsCounts> ReadNews(Experiment& experiment);

// TF-IDF (idf of the training part); points are projections to `dimension`
// dimensions by the seed.
absl::StatusOr<SharedDataset> NewsByDate(const NewsCounts& counts,
                                         int64_t dimension, uint64_t seed,
                                         const runtime::Runtime& runtime);

// The training part alone: a fifth of it, drawn by the seed, is the test set.
// Unlike that of NewsByDate it comes from the same weeks as the rest.
absl::StatusOr<SharedDataset> NewsHeldOut(const NewsCounts& counts,
                                          int64_t dimension, uint64_t seed,
                                          const runtime::Runtime& runtime);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_REAL_ROWS_H_
