#include "muster/dispatch/kd_tree_router.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <nanoflann.hpp>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 256;
constexpr size_t kLeafSize = 10;  // nanoflann's own default

// The points as nanoflann wants them. Its names.
struct Source {
  PointsView points;

  size_t kdtree_get_point_count() const {
    return static_cast<size_t>(points.size);
  }
  double kdtree_get_pt(size_t i, size_t m) const {
    return points.values[static_cast<int64_t>(i) * points.dimension +
                         static_cast<int64_t>(m)];
  }
  template <typename Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

// Keeps the nearest point, the lower one of equally near ones. Its names.
class NearestResult {
 public:
  using DistanceType = double;

  bool addPoint(double distance, uint32_t index) {
    if (distance < best_ || (distance == best_ && index < nearest_)) {
      best_ = distance;
      nearest_ = index;
    }
    return true;
  }
  // Above the best, so that equally near points are looked at: a branch's bound
  // is a sum of rounded terms, and a candidate must be below this.
  double worstDist() const {
    return best_ * (1 + 1e-12) + std::numeric_limits<double>::min();
  }
  bool full() const { return true; }
  size_t size() const { return 1; }
  uint32_t nearest() const { return nearest_; }

 private:
  double best_ = HUGE_VAL;
  uint32_t nearest_ = 0;
};

// Squares and sums in double, coordinate by coordinate: SquaredDistance.
using Metric = nanoflann::L2_Simple_Adaptor<double, Source, double, uint32_t>;
using Tree = nanoflann::KDTreeSingleIndexAdaptor<Metric, Source, -1, uint32_t>;

}  // namespace

struct KdTreeRouter::Index {
  explicit Index(PointsView points)
      : source{points},
        tree(static_cast<size_t>(points.dimension), source,
             nanoflann::KDTreeSingleIndexAdaptorParams(kLeafSize)) {}

  Source source;
  Tree tree;  // built by its constructor
};

absl::StatusOr<std::unique_ptr<Router>> KdTreeRouter::Create(
    ClusteredSample sample) {
  MUSTER_RETURN_IF_ERROR(Validate(sample));
  if (sample.points.dimension > kMaxDimension) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "sample: dimension is %d, but a kd-tree is no help above %d: choose "
        "the router nearest or forest",
        sample.points.dimension, kMaxDimension));
  }
  return std::unique_ptr<Router>(new KdTreeRouter(std::move(sample)));
}

KdTreeRouter::KdTreeRouter(ClusteredSample sample)
    : sample_(std::move(sample)),
      index_(std::make_unique<Index>(sample_.points.View())) {}

KdTreeRouter::~KdTreeRouter() = default;

std::string KdTreeRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(sample_, &bytes);
  return bytes;
}

void KdTreeRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                                const runtime::Runtime& runtime) const {
  std::vector<int32_t> nearest(static_cast<size_t>(points.size));
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(points.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        std::array<double, kMaxDimension> query = {};
        for (int64_t j = block.begin; j < block.end; ++j) {
          const std::span<const float> point = points.Point(j);
          for (size_t m = 0; m < point.size(); ++m) query[m] = point[m];
          NearestResult result;
          index_->tree.findNeighbors(result, query.data(),
                                     nanoflann::SearchParams());
          nearest[j] = static_cast<int32_t>(result.nearest());
        }
      });
  CopyGroups(sample_, nearest, groups);
}

}  // namespace muster::dispatch
