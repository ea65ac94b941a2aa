#include "muster/benchmarks/dispatch/dispatch_methods.h"

#include "absl/strings/string_view.h"

namespace muster::benchmarks {
namespace {

DispatchMethod Method(absl::string_view key, absl::string_view label,
                      absl::string_view clusterer, absl::string_view router) {
  DispatchMethod method{.key = std::string(key), .label = std::string(label)};
  method.fit.clusterer = std::string(clusterer);
  method.fit.router = std::string(router);
  return method;
}

}  // namespace

DispatchMethod PaperMethod() {
  return Method("paper", "k-means++ merge/split, nearest (paper)",
                "merge_split", "nearest");
}

DispatchMethod PaperTreeMethod() {
  DispatchMethod method =
      Method("paper_tree", "k-means++ merge/split, tree search (paper)",
             "merge_split", "forest");
  method.fit.forest.num_trees = 1;
  return method;
}

DispatchMethod BalancedPriceMethod() {
  return Method("balanced_price", "balanced k-means, price", "balanced",
                "price");
}

DispatchMethod EqualSizesPriceMethod() {
  DispatchMethod method =
      Method("equal_price", "equal sizes (5 %), price", "balanced", "price");
  method.fit.lower_factor = 0.95;
  method.fit.upper_factor = 1.05;
  return method;
}

DispatchMethod BalancedNearestMethod() {
  return Method("balanced_nearest", "balanced k-means, nearest", "balanced",
                "nearest");
}

DispatchMethod PlainCenterMethod() {
  return Method("plain_center", "k-means++ merge/split, centre", "merge_split",
                "center");
}

DispatchMethod KdTreeMethod() {
  return Method("bpt", "partition tree (BPT)", "kd_tree_partition", "auto");
}

DispatchMethod HashMethod() { return Method("lsh", "LSH", "lsh", "auto"); }

DispatchMethod RandomMethod() {
  return Method("random", "random", "random", "auto");
}

DispatchMethod LpRoundingMethod() {
  return Method("lp_rounding", "LP rounding, nearest", "lp_rounding",
                "nearest");
}

}  // namespace muster::benchmarks
