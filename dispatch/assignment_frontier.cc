#include "muster/dispatch/assignment_frontier.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Block;

constexpr int64_t kPointsPerBlock = 16384;

// A centre that a point may go to, in double.
struct Choice {
  double reduced = 0;
  double cost = 0;
  double flow = 0;
  int32_t center = 0;
};

struct Shift {
  std::vector<double> by = {};  // prices - base of the lists
  double most = 0;
  double largest_price = 0;  // absolute, of either
};

Shift MakeShift(const CandidateLists& lists, std::span<const double> prices) {
  Shift shift;
  for (size_t i = 0; i < prices.size(); ++i) {
    shift.by.push_back(prices[i] - lists.base[i]);
    shift.most = i == 0 ? shift.by[i] : std::max(shift.most, shift.by[i]);
    shift.largest_price = std::max(
        {shift.largest_price, std::abs(prices[i]), std::abs(lists.base[i])});
  }
  return shift;
}

// Finds the frontier's part in one block.
class BlockFrontier {
 public:
  BlockFrontier(const AssignmentCosts& costs, const CandidateLists& lists,
                const FrontierQuery& query, const Shift& shift,
                const AssignmentState& state)
      : costs_(costs),
        lists_(lists),
        query_(query),
        shift_(shift),
        state_(state),
        p_(state.copies),
        least_(static_cast<size_t>(std::min(p_ + 1, costs.num_centers()))) {
    part.loads.assign(static_cast<size_t>(costs.num_centers()), 0.0);
  }

  // `repairs` takes the new centres of repaired points.
  void Add(int64_t point);

  Frontier part;
  // Repaired points, and their p centres each.
  std::vector<int64_t> repaired_points;
  std::vector<int32_t> repaired_centers;

 private:
  double Error(double reduced) const {
    return costs_.relative_error() *
               (std::abs(reduced) + 2 * shift_.largest_price) +
           std::ldexp(std::abs(reduced) + shift_.largest_price, -23) +
           costs_.absolute_error();
  }
  bool IsSettled(int64_t point, double* limit, bool* certain);
  // choices_ := centres that may matter, in double, ascending.
  void Gather(int64_t point, double limit, bool certain);
  void GatherRow(int64_t point);
  void AddAssigned(int64_t point);
  // The gap of the point; mends it if asked for.
  void Judge(int64_t point);
  // Keeps what lies within the radius of the border.
  void Keep(int64_t point);
  void Truncate(int64_t point, std::vector<Choice>* kept);
  double WeightOf(int64_t point) const {
    return query_.weights.empty() ? 1.0 : query_.weights[point];
  }
  const SplitPoint* SplitOf(int64_t point) const {
    return state_.split_of.empty() || state_.split_of[point] < 0
               ? nullptr
               : &state_.splits[state_.split_of[point]];
  }

  const AssignmentCosts& costs_;
  const CandidateLists& lists_;
  const FrontierQuery& query_;
  const Shift& shift_;
  const AssignmentState& state_;
  const int64_t p_;
  std::vector<Least<double>> least_;
  std::vector<int32_t> gathered_;
  std::vector<Choice> choices_;
  AssignmentCosts::Scratch scratch_;
  std::vector<float> row_;
  std::vector<double> sorted_;
};

bool BlockFrontier::IsSettled(int64_t point, double* limit, bool* certain) {
  const bool found =
      FindLeast<double>(lists_.Reduced(point), lists_.Centers(point), shift_.by,
                        shift_.most, lists_.complete(), least_);
  const double last = least_[p_ - 1].reduced;
  *limit = last + query_.radius + 2.5 * Error(std::abs(last) + query_.radius);
  // All centres up to the limit are in the list.
  *certain =
      lists_.complete() || lists_.Reduced(point).back() - shift_.most > *limit;
  if (!found || SplitOf(point) != nullptr) return false;
  if (static_cast<int64_t>(least_.size()) > p_ &&
      !(least_[p_].reduced > *limit)) {
    return false;
  }
  for (int64_t r = 0; r < p_; ++r) {
    const int32_t mine = state_.clusters[point * p_ + r];
    bool among = false;
    for (int64_t s = 0; s < p_; ++s) among |= least_[s].center == mine;
    if (!among) return false;
  }
  return true;
}

void BlockFrontier::GatherRow(int64_t point) {
  const int64_t k = costs_.num_centers();
  row_.resize(static_cast<size_t>(4 * costs_.row_stride()));
  costs_.Rows(point, 1, &scratch_, row_);
  sorted_.resize(static_cast<size_t>(k));
  for (int64_t i = 0; i < k; ++i) sorted_[i] = row_[i] - query_.prices[i];
  std::nth_element(sorted_.begin(), sorted_.begin() + (p_ - 1), sorted_.end());
  const double last = sorted_[p_ - 1];
  const double limit =
      last + query_.radius + 2.5 * Error(std::abs(last) + query_.radius);
  for (int64_t i = 0; i < k; ++i) {
    if (row_[i] - query_.prices[i] <= limit) {
      gathered_.push_back(static_cast<int32_t>(i));
    }
  }
}

void BlockFrontier::AddAssigned(int64_t point) {
  const auto add = [&](int32_t center) {
    if (std::find(gathered_.begin(), gathered_.end(), center) ==
        gathered_.end()) {
      gathered_.push_back(center);
    }
  };
  for (int64_t r = 0; r < p_; ++r) add(state_.clusters[point * p_ + r]);
  if (const SplitPoint* split = SplitOf(point)) {
    for (const int32_t center : split->centers) add(center);
  }
}

void BlockFrontier::Gather(int64_t point, double limit, bool certain) {
  gathered_.clear();
  if (certain) {
    const std::span<const float> reduced = lists_.Reduced(point);
    const std::span<const int32_t> centers = lists_.Centers(point);
    for (size_t e = 0; e < reduced.size(); ++e) {
      if (reduced[e] - shift_.by[centers[e]] <= limit) {
        gathered_.push_back(centers[e]);
      }
    }
  } else {
    GatherRow(point);
  }
  AddAssigned(point);
  const SplitPoint* split = SplitOf(point);
  choices_.clear();
  for (const int32_t center : gathered_) {
    const double cost = costs_.Exact(point, center);
    choices_.push_back({cost - query_.prices[center], cost, 0, center});
  }
  std::sort(choices_.begin(), choices_.end(),
            [](const Choice& x, const Choice& y) {
              return x.reduced != y.reduced ? x.reduced < y.reduced
                                            : x.center < y.center;
            });
  for (Choice& choice : choices_) {
    if (split != nullptr) {
      for (size_t e = 0; e < split->centers.size(); ++e) {
        if (split->centers[e] == choice.center) choice.flow = split->flows[e];
      }
      continue;
    }
    for (int64_t r = 0; r < p_; ++r) {
      if (state_.clusters[point * p_ + r] == choice.center) {
        choice.flow = WeightOf(point);
      }
    }
  }
}

void BlockFrontier::Judge(int64_t point) {
  const double weight = WeightOf(point);
  double gap = 0, largest = shift_.largest_price;
  for (size_t e = 0; e < choices_.size(); ++e) {
    const bool least = static_cast<int64_t>(e) < p_;
    // Relative to the last of the least, so that nothing large cancels.
    gap += (choices_[e].reduced - choices_[p_ - 1].reduced) *
           (choices_[e].flow - (least ? weight : 0));
    largest = std::max(largest, choices_[e].cost);
  }
  part.gap += std::max(0.0, gap);
  // Below it the difference is rounding, and a repair would undo pushes.
  const double negligible = 256 * std::numeric_limits<double>::epsilon() *
                            largest * weight * static_cast<double>(p_);
  if (!query_.repair || gap <= negligible) return;
  repaired_points.push_back(point);
  for (size_t e = 0; e < choices_.size(); ++e) {
    const bool least = static_cast<int64_t>(e) < p_;
    choices_[e].flow = least ? weight : 0;
    if (least) repaired_centers.push_back(choices_[e].center);
  }
}

void BlockFrontier::Truncate(int64_t point, std::vector<Choice>* kept) {
  int64_t free = 0;
  for (const Choice& choice : *kept) free += choice.flow > 0 ? 0 : 1;
  if (free <= query_.max_entries) return;
  part.truncated = true;
  // Half the nearest, half spread over the others, another part for each point:
  // so that the centres stay connected when all points tie.
  const int64_t near = query_.max_entries / 2;
  const int64_t far = query_.max_entries - near;
  const int64_t others = free - near;
  int64_t rank = 0;
  std::erase_if(*kept, [&](const Choice& choice) {
    if (choice.flow > 0) return false;
    const int64_t r = rank++;
    if (r < near) return false;
    return (r - near + point) % others >= far;
  });
}

void BlockFrontier::Keep(int64_t point) {
  const double weight = WeightOf(point);
  double high = -std::numeric_limits<double>::infinity();
  double low = std::numeric_limits<double>::infinity();
  for (const Choice& choice : choices_) {
    if (choice.flow > 0) high = std::max(high, choice.reduced);
    if (choice.flow < weight) low = std::min(low, choice.reduced);
  }
  high += query_.radius;
  low -= query_.radius;
  std::vector<Choice> kept;
  bool flow = false, room = false;
  for (const Choice& choice : choices_) {
    const bool split = choice.flow > 0 && choice.flow < weight;
    if (!split && (choice.reduced < low || choice.reduced > high)) continue;
    kept.push_back(choice);
    flow |= choice.flow > 0;
    room |= choice.flow < weight;
  }
  if (!flow || !room) return;
  Truncate(point, &kept);
  const auto begin = static_cast<int64_t>(part.entries.size());
  for (const Choice& choice : kept) {
    part.entries.push_back({choice.center, choice.cost, choice.flow});
  }
  part.points.push_back(
      {point, weight, begin, static_cast<int64_t>(part.entries.size())});
}

void BlockFrontier::Add(int64_t point) {
  double limit = 0;
  bool certain = false;
  if (IsSettled(point, &limit, &certain)) {
    const double weight = WeightOf(point);
    for (int64_t r = 0; r < p_; ++r) {
      part.loads[state_.clusters[point * p_ + r]] += weight;
    }
    return;
  }
  Gather(point, limit, certain);
  Judge(point);
  for (const Choice& choice : choices_) {
    part.loads[choice.center] += choice.flow;
  }
  Keep(point);
}

void Append(BlockFrontier&& block, Frontier* all, AssignmentState* state) {
  const auto offset = static_cast<int64_t>(all->entries.size());
  for (NetworkPoint point : block.part.points) {
    point.begin += offset;
    point.end += offset;
    all->points.push_back(point);
  }
  all->entries.insert(all->entries.end(), block.part.entries.begin(),
                      block.part.entries.end());
  for (size_t i = 0; i < all->loads.size(); ++i) {
    all->loads[i] += block.part.loads[i];
  }
  all->gap += block.part.gap;
  all->truncated |= block.part.truncated;
  all->repaired += static_cast<int64_t>(block.repaired_points.size());
  const int64_t p = state->copies;
  for (size_t r = 0; r < block.repaired_points.size(); ++r) {
    const int64_t j = block.repaired_points[r];
    std::copy_n(block.repaired_centers.begin() + static_cast<int64_t>(r) * p, p,
                state->clusters.begin() + j * p);
    if (!state->split_of.empty()) state->split_of[j] = -1;
  }
}

}  // namespace

void AssignByLists(const CandidateLists& lists, std::span<const double> prices,
                   int64_t num_points, const runtime::Runtime& runtime,
                   AssignmentState* state) {
  const int64_t p = state->copies;
  const Shift shift = MakeShift(lists, prices);
  state->clusters.resize(static_cast<size_t>(num_points * p));
  const auto blocks = runtime::CutBlocks(num_points, kPointsPerBlock);
  runtime::ParallelForBlocks(runtime, blocks, [&](int64_t, Block block) {
    std::vector<Least<double>> least(static_cast<size_t>(p));
    for (int64_t j = block.begin; j < block.end; ++j) {
      FindLeast<double>(lists.Reduced(j), lists.Centers(j), shift.by,
                        shift.most, lists.complete(), least);
      for (int64_t r = 0; r < p; ++r) {
        state->clusters[j * p + r] = least[r].center;
      }
    }
  });
}

Frontier FindFrontier(const AssignmentCosts& costs, const CandidateLists& lists,
                      const FrontierQuery& query,
                      const runtime::Runtime& runtime, AssignmentState* state) {
  const int64_t n = costs.num_points();
  const Shift shift = MakeShift(lists, query.prices);
  const auto blocks = runtime::CutBlocks(n, kPointsPerBlock);
  std::vector<BlockFrontier> parts;
  parts.reserve(blocks.size());
  for (size_t b = 0; b < blocks.size(); ++b) {
    parts.emplace_back(costs, lists, query, shift, *state);
  }
  runtime::ParallelForBlocks(runtime, blocks, [&](int64_t b, Block block) {
    for (int64_t j = block.begin; j < block.end; ++j) parts[b].Add(j);
  });
  Frontier all;
  all.loads.assign(static_cast<size_t>(costs.num_centers()), 0.0);
  for (BlockFrontier& part : parts) Append(std::move(part), &all, state);
  return all;
}

void TakeFlows(const AssignmentNetwork& network, double negligible,
               AssignmentState* state) {
  const int64_t p = state->copies;
  std::vector<SplitPoint> splits;
  for (const NetworkPoint& point : network.points()) {
    const std::span<const NetworkEntry> entries =
        network.entries().subspan(static_cast<size_t>(point.begin),
                                  static_cast<size_t>(point.end - point.begin));
    // Centres outside the frontier keep their copies.
    std::vector<std::pair<double, int32_t>> flows;
    for (int64_t r = 0; r < p; ++r) {
      const int32_t mine = state->clusters[point.point * p + r];
      const bool inside =
          std::any_of(entries.begin(), entries.end(),
                      [&](const NetworkEntry& e) { return e.center == mine; });
      if (!inside) flows.emplace_back(-point.weight, mine);
    }
    for (const NetworkEntry& entry : entries) {
      if (entry.flow > 0) flows.emplace_back(-entry.flow, entry.center);
    }
    // No centre takes more than the weight.
    MUSTER_CHECK(static_cast<int64_t>(flows.size()) >= p);
    std::stable_sort(flows.begin(), flows.end());
    while (static_cast<int64_t>(flows.size()) > p &&
           -flows.back().first <= negligible) {
      flows.pop_back();
    }
    for (int64_t r = 0; r < p; ++r) {
      state->clusters[point.point * p + r] = flows[r].second;
    }
    if (static_cast<int64_t>(flows.size()) == p) continue;
    SplitPoint split{.point = point.point};
    for (const auto& [flow, center] : flows) {
      split.centers.push_back(center);
      // Where nothing but a rounding error finds room there is no share to
      // move.
      split.flows.push_back(-flow >= point.weight - negligible ? point.weight
                                                               : -flow);
    }
    splits.push_back(std::move(split));
  }
  if (state->split_of.empty()) {
    MUSTER_CHECK(splits.empty());
    return;
  }
  std::fill(state->split_of.begin(), state->split_of.end(), -1);
  state->splits = std::move(splits);
  for (size_t s = 0; s < state->splits.size(); ++s) {
    state->split_of[state->splits[s].point] = static_cast<int32_t>(s);
  }
}

}  // namespace muster::dispatch
