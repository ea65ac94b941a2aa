#include "muster/tools/dispatch/row_router.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/dispatch/projected_router.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/router_file.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::tools::dispatch {
namespace {

constexpr int64_t kRowsPerBlock = 512;
constexpr size_t kChecksumBytes = 4;

// A router file ends with its checksum, little endian.
std::string ChecksumOf(absl::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    absl::StrAppendFormat(
        &text, "%02x", static_cast<unsigned char>(bytes[bytes.size() - 1 - i]));
  }
  return text;
}

lib::SparseRowsView SparseView(const RowBatch& batch, int64_t num_columns) {
  return {.num_columns = num_columns,
          .row_begin = batch.rows.row_begin,
          .columns = batch.rows.columns,
          .values = batch.rows.values};
}

// The rows of a block into `points`, which holds zeros.
void FillRows(const RowBatch& batch, runtime::Block block, float* points,
              int64_t dimension) {
  for (int64_t row = block.begin; row < block.end; ++row) {
    const auto columns = batch.rows.RowColumns(row);
    const auto values = batch.rows.RowValues(row);
    MUSTER_CHECK(columns.empty() || columns.back() < dimension);
    float* const point = points + (row - block.begin) * dimension;
    for (size_t i = 0; i < columns.size(); ++i) point[columns[i]] = values[i];
  }
}

}  // namespace

absl::StatusOr<RowRouter> RowRouter::Load(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, runtime::ReadFile(path));
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<lib::Router> router,
                          lib::DecodeRouterFile(bytes, path));
  return RowRouter(std::move(router), ChecksumOf(bytes));
}

const lib::PriceRouter* RowRouter::price_router() const {
  const auto* projected = lib::ProjectedRouter::From(*router_);
  return dynamic_cast<const lib::PriceRouter*>(
      projected != nullptr ? &projected->router() : router_.get());
}

absl::Status RowRouter::Route(const RowBatch& batch, std::span<int32_t> groups,
                              const runtime::Runtime& runtime) const {
  if (const auto* projected = lib::ProjectedRouter::From(*router_);
      projected != nullptr) {
    return projected->RouteSparse(SparseView(batch, router_->dimension()),
                                  groups, runtime);
  }
  const int64_t dimension = router_->dimension();
  const int64_t copies = router_->copies();
  const std::vector<runtime::Block> blocks =
      runtime::CutBlocks(batch.rows.num_rows(), kRowsPerBlock);
  return runtime::TryParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        lib::PointSet points{.dimension = dimension};
        points.values.assign(block.size() * dimension, 0.0f);
        FillRows(batch, block, points.values.data(), dimension);
        return router_->Route(
            points.View(),
            groups.subspan(block.begin * copies, block.size() * copies),
            {.threads = 1});
      });
}

absl::Status RowRouter::MakePoints(const RowBatch& batch,
                                   const runtime::Runtime& runtime,
                                   lib::PointSet* points) const {
  if (const auto* projected = lib::ProjectedRouter::From(*router_);
      projected != nullptr) {
    MUSTER_ASSIGN_OR_RETURN(
        *points, projected->projection().Project(
                     SparseView(batch, router_->dimension()), runtime));
    return absl::OkStatus();
  }
  const int64_t dimension = router_->dimension();
  points->dimension = dimension;
  points->values.assign(batch.rows.num_rows() * dimension, 0.0f);
  const std::vector<runtime::Block> blocks =
      runtime::CutBlocks(batch.rows.num_rows(), kRowsPerBlock);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        FillRows(batch, block, points->values.data() + block.begin * dimension,
                 dimension);
      });
  return absl::OkStatus();
}

}  // namespace muster::tools::dispatch
