#include "muster/tools/dispatch/batch_reader.h"

#include "muster/runtime/status_macros.h"

namespace muster::tools::dispatch {

BatchReader::BatchReader(Input* input, int64_t batch_rows, bool ahead)
    : input_(input), batch_rows_(batch_rows), ahead_(ahead) {}

BatchReader::~BatchReader() {
  if (reader_.joinable()) reader_.join();
}

void BatchReader::Read(Slot* slot) {
  absl::StatusOr<bool> more = input_->NextBatch(batch_rows_, &slot->batch);
  slot->status = more.status();
  slot->has_rows = more.ok() && *more;
  slot->bytes_read = input_->bytes_read();
}

absl::StatusOr<const RowBatch*> BatchReader::Next() {
  if (!ahead_ || !started_) {
    Read(&batches_[current_]);
    started_ = true;
  } else {
    if (reader_.joinable()) reader_.join();
    current_ = 1 - current_;
  }
  const Slot& slot = batches_[current_];
  MUSTER_RETURN_IF_ERROR(slot.status);
  if (!slot.has_rows) return nullptr;
  if (ahead_) {
    reader_ =
        std::thread([this, next = &batches_[1 - current_]] { Read(next); });
  }
  return &slot.batch;
}

}  // namespace muster::tools::dispatch
