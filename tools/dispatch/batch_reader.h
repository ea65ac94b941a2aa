#ifndef MUSTER_TOOLS_DISPATCH_BATCH_READER_H_
#define MUSTER_TOOLS_DISPATCH_BATCH_READER_H_

// Batches of rows, the next one read on a thread of its own while the last one
// is worked on. The batches are the same with and without that thread.

#include <cstdint>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/tools/dispatch/input.h"

namespace muster::tools::dispatch {

// Thread-compatible. Nothing else may use the input meanwhile, but for the
// listener of bad rows, which is called from the reading thread.
class BatchReader {
 public:
  // `input` must outlive this object; `ahead`: use a thread.
  BatchReader(Input* input, int64_t batch_rows, bool ahead);
  ~BatchReader();
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  // The next rows, valid until the next call; null at the end. Errors of
  // Input::NextBatch, in their place: all rows before have been given out.
  absl::StatusOr<const RowBatch*> Next();

  // Of the file, up to the batch given out last.
  int64_t bytes_read() const { return batches_[current_].bytes_read; }

 private:
  struct Slot {
    RowBatch batch = {};
    absl::Status status = {};
    bool has_rows = false;
    int64_t bytes_read = 0;
  };

  void Read(Slot* slot);

  Input* const input_;
  const int64_t batch_rows_;
  const bool ahead_;
  bool started_ = false;
  Slot batches_[2];
  int current_ = 0;
  std::thread reader_;  // fills the other slot
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_BATCH_READER_H_
