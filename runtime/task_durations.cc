#include "muster/runtime/task_durations.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/math.h"
#include "muster/runtime/vectorize.h"

namespace muster::runtime {
namespace {

// Tasks are drawn in blocks of this many: the block's arrays stay in the L1
// cache. Only multiples of kVectorLanes are computed, so that no loop has a
// scalar remainder; the surplus lanes hold stream 0, task 0.
constexpr int kBlockTasks = 64;
constexpr int kVectorLanes = 16;

struct DrawBlock {
  alignas(64) std::array<uint64_t, kBlockTasks> streams;
  alignas(64) std::array<uint64_t, kBlockTasks> tasks;
  alignas(64) std::array<uint64_t, kBlockTasks> bits;
  alignas(64) std::array<double, kBlockTasks> offsets;
  alignas(64) std::array<double, kBlockTasks> scales;
  alignas(64) std::array<int64_t, kBlockTasks> families;
  alignas(64) std::array<double, kBlockTasks> seconds;
};

// bits[k] = the first half of block tasks[k] of stream streams[k].
void FillBits(uint64_t seed, size_t lanes, DrawBlock& block) {
  const std::span<uint64_t> streams(block.streams.data(), lanes);
  PhiloxBatch(seed, streams, std::span<uint64_t>(block.tasks.data(), lanes),
              std::span<uint64_t>(block.bits.data(), lanes),
              /*second=*/streams);
}

MUSTER_VECTORIZE_CLONES void TransformUniform(int lanes, DrawBlock& block) {
  for (int k = 0; k < lanes; ++k) {
    const double u = ToUnitOpen(block.bits[k]);
    block.seconds[k] = block.offsets[k] + block.scales[k] * u;
  }
}

MUSTER_VECTORIZE_CLONES void TransformExponential(int lanes, DrawBlock& block) {
  for (int k = 0; k < lanes; ++k) {
    const double exponential = -LogOfNormal(ToUnitOpen(block.bits[k]));
    block.seconds[k] = block.offsets[k] + block.scales[k] * exponential;
  }
}

MUSTER_VECTORIZE_CLONES void TransformMixed(int lanes, DrawBlock& block) {
  for (int k = 0; k < lanes; ++k) {
    const double u = ToUnitOpen(block.bits[k]);
    const double exponential = -LogOfNormal(u);
    const double variate = block.families[k] == 0 ? u : exponential;
    block.seconds[k] = block.offsets[k] + block.scales[k] * variate;
  }
}

}  // namespace

TaskDurations::TaskDurations(std::vector<SpeedLaw> laws, uint64_t seed)
    : root_(seed), laws_(std::move(laws)) {
  MUSTER_CHECK_LE(laws_.size(),
                  static_cast<size_t>(std::numeric_limits<int32_t>::max()));
  lanes_.reserve(laws_.size());
  for (size_t w = 0; w < laws_.size(); ++w) {
    const SpeedLaw& law = laws_[w];
    MUSTER_CHECK_OK(law.Validate()) << "worker " << w;
    Lane lane = {.stream = root_.Fork("task_duration", w).stream(),
                 .offset = law.shift,
                 .scale = law.a,
                 .family = kOtherFamily};
    switch (law.kind) {
      case SpeedLaw::Kind::kConstant:
        lane.offset = law.shift + law.a;
        lane.scale = 0;
        lane.family = kUniformFamily;
        break;
      case SpeedLaw::Kind::kUniform:
        lane.offset = law.shift + law.a;
        lane.scale = law.b - law.a;
        lane.family = kUniformFamily;
        break;
      case SpeedLaw::Kind::kExponential:
        lane.family = kExponentialFamily;
        break;
      case SpeedLaw::Kind::kShiftedExponential:
        lane.offset = law.shift + law.a;
        lane.scale = law.b;
        lane.family = kExponentialFamily;
        break;
      default:
        break;
    }
    lanes_.push_back(lane);
  }
}

double TaskDurations::Draw(int32_t worker, int64_t task) const {
  MUSTER_DCHECK(worker >= 0 && worker < num_workers()) << worker;
  MUSTER_DCHECK_GE(task, 0);
  const Lane& lane = lanes_[worker];
  const uint64_t bits =
      PhiloxBlock(root_.seed(), lane.stream, static_cast<uint64_t>(task)).first;
  switch (lane.family) {
    case kUniformFamily:
      return lane.offset + lane.scale * ToUnitOpen(bits);
    case kExponentialFamily:
      return lane.offset + lane.scale * -LogOfNormal(ToUnitOpen(bits));
    default:
      return DrawOther(worker, task, bits);
  }
}

double TaskDurations::DrawOther(int32_t worker, int64_t task,
                                uint64_t bits) const {
  const SpeedLaw& law = laws_[worker];
  const double a = law.a;
  const double b = law.b;
  switch (law.kind) {
    case SpeedLaw::Kind::kHalfNormal:
      return law.shift + a * std::abs(InverseNormalCdf(ToUnitOpen(bits)));
    case SpeedLaw::Kind::kLognormal:
      return law.shift + Exp(a + b * InverseNormalCdf(ToUnitOpen(bits)));
    case SpeedLaw::Kind::kGamma: {
      Rng rng = root_.Fork("task_duration", worker).Fork("gamma", task);
      return law.shift + b * Gamma(rng, a);
    }
    case SpeedLaw::Kind::kWeibull:
      return law.shift +
             b * Exp(LogOfNormal(-LogOfNormal(ToUnitOpen(bits))) / a);
    case SpeedLaw::Kind::kPareto:
      return law.shift + a * Exp(-LogOfNormal(ToUnitOpen(bits)) / b);
    case SpeedLaw::Kind::kEmpirical: {
      const std::vector<double>& recorded = law.samples->recorded();
      const uint64_t size = recorded.size();
      const uint64_t index =
          law.sampling == SpeedLaw::Sampling::kReplay
              ? static_cast<uint64_t>(task) % size
              : static_cast<uint64_t>(
                    static_cast<unsigned __int128>(bits) * size >> 64);
      return law.shift + recorded[index];
    }
    default:
      MUSTER_CHECK(false) << "a law of the vectorised families";
  }
  return 0;
}

template <typename WorkerOf>
void TaskDurations::DrawBlocks(WorkerOf worker_of,
                               std::span<const int64_t> tasks,
                               std::span<double> seconds) const {
  MUSTER_CHECK_EQ(tasks.size(), seconds.size());
  DrawBlock block;
  for (size_t begin = 0; begin < tasks.size(); begin += kBlockTasks) {
    const int size =
        static_cast<int>(std::min<size_t>(kBlockTasks, tasks.size() - begin));
    int64_t num_exponential = 0;
    int64_t num_other = 0;
    for (int k = 0; k < size; ++k) {
      const int32_t worker = worker_of(begin + k);
      MUSTER_DCHECK(worker >= 0 && worker < num_workers()) << worker;
      MUSTER_DCHECK_GE(tasks[begin + k], 0);
      const Lane& lane = lanes_[worker];
      block.streams[k] = lane.stream;
      block.tasks[k] = static_cast<uint64_t>(tasks[begin + k]);
      block.offsets[k] = lane.offset;
      block.scales[k] = lane.scale;
      block.families[k] = lane.family;
      num_exponential += lane.family == kExponentialFamily;
      num_other += lane.family == kOtherFamily;
    }
    const int lanes = (size + kVectorLanes - 1) / kVectorLanes * kVectorLanes;
    for (int k = size; k < lanes; ++k) {
      block.streams[k] = 0;
      block.tasks[k] = 0;
      block.offsets[k] = 0;
      block.scales[k] = 0;
      block.families[k] = kUniformFamily;
    }
    FillBits(root_.seed(), lanes, block);
    if (num_exponential == size) {
      TransformExponential(lanes, block);
    } else if (num_exponential == 0) {
      TransformUniform(lanes, block);
    } else {
      TransformMixed(lanes, block);
    }
    if (num_other > 0) {
      for (int k = 0; k < size; ++k) {
        if (block.families[k] != kOtherFamily) continue;
        block.seconds[k] =
            DrawOther(worker_of(begin + k), tasks[begin + k], block.bits[k]);
      }
    }
    std::copy_n(block.seconds.begin(), size, seconds.begin() + begin);
  }
}

void TaskDurations::DrawBatch(std::span<const int32_t> workers,
                              std::span<const int64_t> tasks,
                              std::span<double> seconds) const {
  MUSTER_CHECK_EQ(workers.size(), tasks.size());
  DrawBlocks([&](size_t k) { return workers[k]; }, tasks, seconds);
}

void TaskDurations::DrawConsecutive(int32_t first_worker,
                                    std::span<const int64_t> tasks,
                                    std::span<double> seconds) const {
  DrawBlocks([&](size_t k) { return first_worker + static_cast<int32_t>(k); },
             tasks, seconds);
}

}  // namespace muster::runtime
