#include "muster/tools/dispatch/batch_reader.h"

#include <utility>

#include "muster/runtime/blocks.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/dispatch/command.h"

namespace muster::tools::dispatch {

BatchReader::BatchReader(std::shared_ptr<Input> input, int64_t batch_rows,
                         const runtime::Runtime& runtime)
    : input_(std::move(input)),
      batch_rows_(batch_rows),
      runtime_(runtime),
      // What has no size, such as a pipe, may keep its reader waiting.
      ahead_(runtime::NumThreads(runtime) > 1 || input_->bytes() < 0),
      slots_{std::make_shared<Slot>(), std::make_shared<Slot>()} {}

BatchReader::~BatchReader() { input_->StopTelling(); }

void BatchReader::Read(Input& input, int64_t batch_rows, Slot* slot) {
  absl::StatusOr<bool> more = input.NextBatch(batch_rows, &slot->batch);
  slot->status = more.status();
  slot->has_rows = more.ok() && *more;
  slot->bytes_read = input.bytes_read();
}

void BatchReader::StartReading(int slot) {
  reading_ = BackgroundTask(
      [input = input_, batch_rows = batch_rows_, slot = slots_[slot]] {
        Read(*input, batch_rows, slot.get());
      });
}

absl::StatusOr<const RowBatch*> BatchReader::Next() {
  if (ahead_) {
    if (!started_) StartReading(1 - current_);
    started_ = true;
    if (!reading_.Wait(runtime_)) return StoppedError();
    current_ = 1 - current_;
  } else {
    Read(*input_, batch_rows_, slots_[current_].get());
  }
  const Slot& slot = *slots_[current_];
  MUSTER_RETURN_IF_ERROR(slot.status);
  if (!slot.has_rows) return nullptr;
  if (ahead_) StartReading(1 - current_);
  return &slot.batch;
}

}  // namespace muster::tools::dispatch
