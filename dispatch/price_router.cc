#include "muster/dispatch/price_router.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "muster/dispatch/router_checks.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 256;

// The `count` indices of least cost, in order, ties to the lower index.
void LeastCosts(std::span<const double> costs, std::span<int32_t> least) {
  size_t filled = 0;
  for (size_t c = 0; c < costs.size(); ++c) {
    if (filled == least.size() && !(costs[c] < costs[least[filled - 1]])) {
      continue;
    }
    if (filled < least.size()) ++filled;
    size_t at = filled - 1;
    for (; at > 0 && costs[c] < costs[least[at - 1]]; --at) {
      least[at] = least[at - 1];
    }
    least[at] = static_cast<int32_t>(c);
  }
}

}  // namespace

absl::Status Validate(const PriceRouterState& state) {
  MUSTER_RETURN_IF_ERROR(ValidatePointSet(state.centers, "centers"));
  const int64_t k = state.centers.size();
  MUSTER_RETURN_IF_ERROR(ValidateNumbers(state.prices, k, "prices"));
  return ValidateCopies(state.copies, k);
}

absl::StatusOr<std::unique_ptr<Router>> PriceRouter::Create(
    PriceRouterState state) {
  MUSTER_RETURN_IF_ERROR(Validate(state));
  return std::unique_ptr<Router>(new PriceRouter(std::move(state)));
}

PriceRouter::PriceRouter(PriceRouterState state) : state_(std::move(state)) {
  if (state_.squared) {
    packed_.emplace(state_.centers.View(), state_.prices);
  } else {
    transposed_.emplace(state_.centers.View());
  }
}

std::string PriceRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(state_, &bytes);
  return bytes;
}

void PriceRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                               const runtime::Runtime& runtime) const {
  const int64_t p = state_.copies;
  if (packed_.has_value()) {
    packed_->Nearest(points, p, groups, runtime);
    return;
  }
  const int64_t k = num_groups();
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(points.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        std::vector<double> costs(static_cast<size_t>(k));
        for (int64_t j = block.begin; j < block.end; ++j) {
          transposed_->SquaredDistances(points.Point(j), costs);
          for (int64_t c = 0; c < k; ++c) {
            costs[c] = std::sqrt(costs[c]) - state_.prices[c];
          }
          LeastCosts(costs, groups.subspan(static_cast<size_t>(j * p),
                                           static_cast<size_t>(p)));
        }
      });
}

}  // namespace muster::dispatch
