#include "muster/dispatch/online_balancer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 64;
// Costs held at a time: 16 MiB, or a block of points.
constexpr int64_t kCostsAtOnce = int64_t{1} << 21;
constexpr int64_t kSharesPerWindow = 64;
constexpr int64_t kCopiesPerStep = 8;
constexpr double kMemory = 0.8;  // of the smoothed demand and gap
constexpr double kReturn = 0.1;  // of a step, towards the first prices

// Counts of copies are exact as doubles up to this one, and sums over the k
// groups of what is left of a window stay within int64_t up to the other.
constexpr int64_t kMostCopies = int64_t{1} << 53;
constexpr int64_t kMostSum = int64_t{1} << 62;

int64_t RoundUpTo(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// The `count` indices of least score, in order, ties to the lower index.
void LeastScores(std::span<const double> scores, int64_t count,
                 std::vector<int32_t>* least) {
  least->clear();
  for (size_t i = 0; i < scores.size(); ++i) {
    if (static_cast<int64_t>(least->size()) == count) {
      if (!(scores[i] < scores[least->back()])) continue;
      least->pop_back();
    }
    auto at = least->end();
    while (at != least->begin() && scores[i] < scores[*(at - 1)]) --at;
    least->insert(at, static_cast<int32_t>(i));
  }
}

absl::Status ValidateLengths(const OnlineBalancerOptions& options,
                             int64_t copies, int64_t num_groups) {
  const int64_t most = OnlineBalancer::LongestStream(copies, num_groups);
  const std::pair<absl::string_view, int64_t> fields[] = {
      {"total_points", options.total_points},
      {"window", options.window},
      {"update_every", options.update_every}};
  for (const auto& [name, value] : fields) {
    if (value <= most) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is %d, must be at most %d for p = %d and k = %d",
                        name, value, most, copies, num_groups));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const OnlineBalancerOptions& options) {
  if (!(0 <= options.lower_factor && options.lower_factor <= 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "lower_factor is %g, need 0 <= factor <= 1 (multiples of the mean "
        "load)",
        options.lower_factor));
  }
  if (!(options.upper_factor >= 1 && std::isfinite(options.upper_factor))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "upper_factor is %g, need a finite factor >= 1 (multiples of the mean "
        "load)",
        options.upper_factor));
  }
  if (!(options.step >= 0 && std::isfinite(options.step))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("step is %g, need a finite number >= 0", options.step));
  }
  if (options.total_points < 0 || options.window < 0 ||
      options.update_every < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "total_points is %d, window %d, update_every %d; none may be negative "
        "(0: not known, or the default)",
        options.total_points, options.window, options.update_every));
  }
  return ValidateLengths(options, /*copies=*/1, /*num_groups=*/1);
}

int64_t OnlineBalancer::LongestStream(int64_t copies, int64_t num_groups) {
  return std::min(kMostCopies / copies, kMostSum / num_groups);
}

absl::StatusOr<OnlineBalancer> OnlineBalancer::Create(
    PriceRouterState state, const OnlineBalancerOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(state));
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(
      ValidateLengths(options, state.copies, state.centers.size()));
  return OnlineBalancer(std::move(state), options);
}

OnlineBalancer::OnlineBalancer(PriceRouterState state,
                               const OnlineBalancerOptions& options)
    : state_(std::move(state)),
      options_(options),
      first_prices_(state_.prices),
      loads_(first_prices_.size(), 0),
      centers_(state_.centers.View()),
      wanted_(first_prices_.size(), 0),
      scores_(first_prices_.size(), 0) {
  const int64_t k = num_groups(), p = state_.copies;
  if (options_.window == 0) {
    options_.window = options_.total_points > 0 ? options_.total_points
                                                : kSharesPerWindow * k;
  }
  options_.window = RoundUpTo(options_.window, k);
  if (options_.update_every == 0) {
    options_.update_every = RoundUpTo(kCopiesPerStep * k, p) / p;
  }
  // Until something is known: an equal share.
  demand_.assign(static_cast<size_t>(k),
                 static_cast<double>(p) / static_cast<double>(k));
  StartWindow();
}

SizeBounds OnlineBalancer::SharesOf(int64_t points) const {
  const int64_t k = num_groups(), p = state_.copies;
  return {.lower = static_cast<int64_t>(
              ShareRoundedDown(options_.lower_factor, points, p, k)),
          .upper = static_cast<int64_t>(std::min(
              ShareRoundedUp(options_.upper_factor, points, p, k), 0x1p62))};
}

SizeBounds OnlineBalancer::present_bounds() const {
  if (seen_ == window_end_) return {.lower = lower_, .upper = upper_};
  return SharesOf(seen_);
}

int64_t OnlineBalancer::groups_outside() const {
  const SizeBounds bounds = present_bounds();
  return std::count_if(loads_.begin(), loads_.end(), [&](int64_t load) {
    return load < bounds.lower || load > bounds.upper;
  });
}

void OnlineBalancer::StartWindow() {
  const int64_t k = num_groups(), p = state_.copies;
  window_begin_ = seen_;
  window_end_ = seen_ + options_.window;
  if (const int64_t total = options_.total_points;
      total > 0 && total - window_end_ < options_.window) {
    window_end_ = std::max(total, seen_);
  }
  const int64_t length = window_end_ - window_begin_;
  // The second terms are the first ones unless the last window's length is no
  // multiple of k: with them the window can be done from any loads within the
  // bounds before.
  const SizeBounds shares = SharesOf(window_end_);
  lower_ = std::min(shares.lower, lower_ + length * p / k);
  upper_ = std::max(shares.upper, upper_ + RoundUpTo(length * p, k) / k);
  total_need_ = 0;
  for (const int64_t load : loads_) {
    total_need_ += std::max<int64_t>(0, lower_ - load);
  }
}

absl::Status OnlineBalancer::Assign(PointsView points,
                                    std::span<int32_t> groups,
                                    const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(ValidateSameDimension(points, state_.centers.dimension,
                                               "points to assign"));
  if (points.size == 0) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(ValidatePoints(points, "points to assign"));
  const int64_t p = state_.copies, k = num_groups();
  MUSTER_CHECK_EQ(static_cast<int64_t>(groups.size()), points.size * p);
  if (options_.total_points > 0 &&
      points.size > options_.total_points - seen_) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%d points after %d, but total_points is %d: tell the length of the "
        "whole stream, or 0",
        points.size, seen_, options_.total_points));
  }
  const int64_t points_at_once = std::max(
      kPointsPerBlock, kCostsAtOnce / k / kPointsPerBlock * kPointsPerBlock);
  std::vector<double> costs;
  for (int64_t begin = 0; begin < points.size; begin += points_at_once) {
    const PointsView some =
        points.Slice(begin, std::min(points.size - begin, points_at_once));
    costs.resize(static_cast<size_t>(some.size * k));
    runtime::ParallelForBlocks(
        runtime, runtime::CutBlocks(some.size, kPointsPerBlock),
        [&](int64_t, runtime::Block block) {
          for (int64_t j = block.begin; j < block.end; ++j) {
            const auto mine = std::span(costs).subspan(
                static_cast<size_t>(j * k), static_cast<size_t>(k));
            centers_.SquaredDistances(some.Point(j), mine);
            if (state_.squared) continue;
            for (double& cost : mine) cost = std::sqrt(cost);
          }
        });
    for (int64_t j = 0; j < some.size; ++j) {
      AssignOne(std::span(costs).subspan(static_cast<size_t>(j * k),
                                         static_cast<size_t>(k)),
                groups.subspan(static_cast<size_t>((begin + j) * p),
                               static_cast<size_t>(p)));
    }
  }
  return absl::OkStatus();
}

void OnlineBalancer::AssignOne(std::span<const double> costs,
                               std::span<int32_t> groups) {
  const int64_t k = num_groups(), p = state_.copies;
  if (seen_ == window_end_) StartWindow();
  for (int64_t i = 0; i < k; ++i) scores_[i] = costs[i] - state_.prices[i];
  LeastScores(scores_, std::min(k, p + 1), &order_);
  if (k > p) gap_sum_ += scores_[order_[p]] - scores_[order_[p - 1]];
  std::copy_n(order_.begin(), p, groups.begin());
  for (const int32_t group : groups) ++wanted_[group];
  if (!KeepsLimits(groups)) {
    ChooseWithinLimits(groups);
    for (const int32_t group : groups) {
      diverted_ +=
          static_cast<int64_t>(std::find(order_.begin(), order_.begin() + p,
                                         group) == order_.begin() + p);
    }
  }
  for (const int32_t group : groups) {
    total_need_ -= static_cast<int64_t>(loads_[group] < lower_);
    ++loads_[group];
    total_cost_ += costs[group];
  }
  ++seen_;
  if (++since_step_ == options_.update_every) StepPrices();
}

bool OnlineBalancer::KeepsLimits(std::span<const int32_t> groups) const {
  const int64_t p = state_.copies;
  const int64_t left = window_end_ - seen_ - 1;  // after this point
  int64_t need = total_need_;
  for (const int32_t group : groups) {
    if (loads_[group] >= upper_) return false;
    need -= static_cast<int64_t>(loads_[group] < lower_);
  }
  if (need > left * p) return false;
  int64_t room = 0;
  bool needs_fit = true;
  for (const int64_t load : loads_) {
    needs_fit = needs_fit && lower_ - load <= left;
    room += std::min(upper_ - load, left);
  }
  if (needs_fit && room - p >= left * p) return true;
  // Exactly, with this point's copies placed.
  room = 0;
  for (int64_t i = 0; i < num_groups(); ++i) {
    const int64_t load =
        loads_[i] + static_cast<int64_t>(std::find(groups.begin(), groups.end(),
                                                   i) != groups.end());
    if (lower_ - load > left) return false;
    room += std::min(upper_ - load, left);
  }
  return room >= left * p;
}

void OnlineBalancer::ChooseWithinLimits(std::span<int32_t> groups) {
  const int64_t k = num_groups(), p = state_.copies;
  const int64_t left = window_end_ - seen_ - 1;
  // A group whose need would pass `left` must be chosen. Groups that may be are
  // in four classes: in need (bit 0), and with room for more than `left` (bit
  // 1), of which a copy now takes nothing from sum_i min(b_i, left).
  std::array<std::vector<int32_t>, 4> classes;
  std::vector<int32_t> chosen;
  int64_t fewest_needy = total_need_ - left * p;
  int64_t room_if_none = 0;
  for (int64_t i = 0; i < k; ++i) {
    const int64_t room = upper_ - loads_[i];
    room_if_none += std::min(room, left);
    if (room <= 0) continue;
    const bool needy = loads_[i] < lower_;
    const bool spare = room > left;
    if (lower_ - loads_[i] > left) {
      chosen.push_back(static_cast<int32_t>(i));
      fewest_needy -= static_cast<int64_t>(needy);
      room_if_none -= static_cast<int64_t>(!spare);
      continue;
    }
    classes[(needy ? 1 : 0) + (spare ? 2 : 0)].push_back(
        static_cast<int32_t>(i));
  }
  for (auto& members : classes) {
    std::sort(members.begin(), members.end(), [&](int32_t a, int32_t b) {
      return scores_[a] != scores_[b] ? scores_[a] < scores_[b] : a < b;
    });
  }
  const int64_t open = p - static_cast<int64_t>(chosen.size());
  MUSTER_CHECK_GE(open, 0);
  const int64_t most_tight = room_if_none - left * p;
  std::array<int64_t, 4> best = {-1, -1, -1, -1}, take;
  double best_score = HUGE_VAL;
  const auto limit = [&](int c, int64_t rest) {
    return std::min<int64_t>(rest, static_cast<int64_t>(classes[c].size()));
  };
  const auto score_of = [&](int c, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += scores_[classes[c][i]];
    return sum;
  };
  for (take[0] = 0; take[0] <= limit(0, open); ++take[0]) {
    for (take[1] = 0; take[1] <= limit(1, open - take[0]); ++take[1]) {
      if (take[0] + take[1] > most_tight) break;
      for (take[2] = 0; take[2] <= limit(2, open - take[0] - take[1]);
           ++take[2]) {
        take[3] = open - take[0] - take[1] - take[2];
        if (take[3] > limit(3, open) || take[1] + take[3] < fewest_needy) {
          continue;
        }
        double score = 0;
        for (int c = 0; c < 4; ++c) score += score_of(c, take[c]);
        if (score < best_score) {
          best_score = score;
          best = take;
        }
      }
    }
  }
  MUSTER_CHECK_GE(best[0], 0) << "no choice keeps the window's bounds";
  for (int c = 0; c < 4; ++c) {
    chosen.insert(chosen.end(), classes[c].begin(),
                  classes[c].begin() + best[c]);
  }
  std::sort(chosen.begin(), chosen.end(), [&](int32_t a, int32_t b) {
    return scores_[a] != scores_[b] ? scores_[a] < scores_[b] : a < b;
  });
  std::copy(chosen.begin(), chosen.end(), groups.begin());
}

void OnlineBalancer::StepPrices() {
  const int64_t k = num_groups(), p = state_.copies;
  const auto points = static_cast<double>(since_step_);
  gap_ = gap_ == 0 ? gap_sum_ / points
                   : kMemory * gap_ + (1 - kMemory) * gap_sum_ / points;
  const auto left = static_cast<double>(window_end_ - seen_);
  const double share = static_cast<double>(window_end_ - window_begin_) *
                       static_cast<double>(p) / static_cast<double>(k);
  const double step = options_.step * gap_;
  for (int64_t i = 0; i < k; ++i) {
    demand_[i] = kMemory * demand_[i] +
                 (1 - kMemory) * static_cast<double>(wanted_[i]) / points;
    wanted_[i] = 0;
    const double projected = static_cast<double>(loads_[i]) + demand_[i] * left;
    const double over = projected - static_cast<double>(upper_);
    const double under = static_cast<double>(lower_) - projected;
    double& price = state_.prices[i];
    if (over > 0) {
      price -= step * std::min(1.0, over / share);
    } else if (under > 0) {
      price += step * std::min(1.0, under / share);
    } else {
      price +=
          std::clamp(first_prices_[i] - price, -kReturn * step, kReturn * step);
    }
  }
  gap_sum_ = 0;
  since_step_ = 0;
}

}  // namespace muster::dispatch
