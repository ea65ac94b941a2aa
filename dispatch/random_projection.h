#ifndef MUSTER_DISPATCH_RANDOM_PROJECTION_H_
#define MUSTER_DISPATCH_RANDOM_PROJECTION_H_

// Sparse rows become points: y = R x with random signs,
//
//   R_im = +-1 / sqrt(d'),  i < d', m < D
//
// E |R x|^2 = |x|^2, and d' = O(log(n) / eps^2) keeps all n^2 distances within
// a factor 1 +- eps with high probability (D. Achlioptas, "Database-friendly
// random projections", JCSS 66, 2003). So clusterers and routers, which see
// dense points only, work on text: see projected_router.h.
//
// R is not stored: the signs of column m are random bits of the seed, 128 to a
// draw, so that a projection is four numbers in a file whatever D is. Sums in
// float, in the order of a row's columns: fixed bits for any threads and
// batches. About 22 ns a non-zero for each 128 outputs (router_benchmark).

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// The non-zeros of a row; other entries are 0.
struct SparseRow {
  std::span<const int32_t> columns = {};  // increasing, from 0
  std::span<const float> values = {};     // as many
};

// Rows in compressed sparse row form, owned by someone else, who must outlive
// the view: row r has the entries row_begin[r] .. row_begin[r + 1] of `columns`
// and `values`.
struct SparseRowsView {
  int64_t num_columns = 0;                  // D
  std::span<const int64_t> row_begin = {};  // n + 1, ascending
  std::span<const int32_t> columns = {};
  std::span<const float> values = {};

  int64_t size() const {
    return row_begin.empty() ? 0 : static_cast<int64_t>(row_begin.size()) - 1;
  }
  SparseRow Row(int64_t row) const {
    const auto begin = static_cast<size_t>(row_begin[row]);
    const auto count = static_cast<size_t>(row_begin[row + 1]) - begin;
    return {columns.subspan(begin, count), values.subspan(begin, count)};
  }
};

// Rows that own their entries.
struct SparseRows {
  int64_t num_columns = 0;
  std::vector<int64_t> row_begin = {0};
  std::vector<int32_t> columns = {};
  std::vector<float> values = {};

  SparseRowsView View() const {
    return {num_columns, row_begin, columns, values};
  }
};

// The rows named by `indices`, in that order, repeats allowed; each in [0,
// size) (CHECKed).
SparseRows SelectRows(SparseRowsView rows, std::span<const int64_t> indices);

// InvalidArgument naming `what`, row and column (from 0), for row_begin not
// ascending or beyond the entries, columns not increasing or outside [0, D),
// values that are not finite. Rows without entries are allowed. O(entries).
absl::Status ValidateSparseRows(SparseRowsView rows, absl::string_view what);

// Most features of a projected point: points are dense.
inline constexpr int64_t kMaxProjectedDimension = int64_t{1} << 20;

struct RandomProjectionOptions {
  int64_t num_features = 0;  // D in [1, 2^31 - 1]
  // d' in [0, 2^20]: features of the points. More keep distances better and
  // cost as many times more; 128 keeps them within about 12 % (one standard
  // deviation). 0: no projection, the rows as they are, d' = D.
  int64_t dimension = 128;
  // Scales rows to length 1 first (TF-IDF: distances then compare angles). A
  // row of zeros stays one.
  bool unit_length = false;
  uint64_t seed = 1;

  static void Fields(auto& self, auto&& visit) {
    visit(self.num_features, self.dimension, self.unit_length, self.seed);
  }
};

// InvalidArgument naming the field.
absl::Status Validate(const RandomProjectionOptions& options);

// Immutable, thread-safe; a value.
class RandomProjection {
 public:
  static absl::StatusOr<RandomProjection> Create(
      const RandomProjectionOptions& options);

  const RandomProjectionOptions& options() const { return options_; }
  int64_t num_features() const { return options_.num_features; }
  // d', D if there is no projection.
  int64_t dimension() const;

  // point (length dimension()) := R row, of which columns and values are valid
  // (ValidateSparseRows). Always finite: sums beyond the range of float are cut
  // to it.
  void ProjectRow(SparseRow row, std::span<float> point) const;

  // All rows, in parallel. InvalidArgument for rows that are not valid or have
  // another number of columns.
  absl::StatusOr<PointSet> Project(SparseRowsView rows,
                                   const runtime::Runtime& runtime = {}) const;

 private:
  explicit RandomProjection(const RandomProjectionOptions& options);

  RandomProjectionOptions options_;
  uint64_t stream_ = 0;  // of the signs
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_RANDOM_PROJECTION_H_
