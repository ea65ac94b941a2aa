#ifndef MUSTER_TOOLS_DISPATCH_ROW_ROUTER_H_
#define MUSTER_TOOLS_DISPATCH_ROW_ROUTER_H_

// A router file applied to rows of a data file.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"
#include "muster/tools/dispatch/command.h"
#include "muster/tools/dispatch/input.h"

namespace muster::tools::dispatch {

// Immutable, thread-safe.
class RowRouter {
 public:
  // Errors as of LoadRouter.
  static absl::StatusOr<RowRouter> Load(absl::string_view path);

  const lib::Router& router() const { return *router_; }
  // CRC-32 of the file, 8 hexadecimal digits.
  const std::string& crc32() const { return crc32_; }
  // What rows have, at most.
  int64_t num_features() const { return router_->dimension(); }

  // groups (rows x p) := the groups of each row, as Router::Route: rows with
  // fewer features than num_features() end in zeros, none may have more.
  absl::Status Route(const RowBatch& batch, std::span<int32_t> groups,
                     const runtime::Runtime& runtime) const;

  // The price router that decides in the end; null if another kind does.
  const lib::PriceRouter* price_router() const;
  // *points := the rows as points of that router's space. Errors as of Route.
  absl::Status MakePoints(const RowBatch& batch,
                          const runtime::Runtime& runtime,
                          lib::PointSet* points) const;

 private:
  RowRouter(std::unique_ptr<lib::Router> router, std::string crc32)
      : router_(std::move(router)), crc32_(std::move(crc32)) {}

  std::unique_ptr<lib::Router> router_;
  std::string crc32_;
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_ROW_ROUTER_H_
