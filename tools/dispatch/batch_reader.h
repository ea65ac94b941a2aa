#ifndef MUSTER_TOOLS_DISPATCH_BATCH_READER_H_
#define MUSTER_TOOLS_DISPATCH_BATCH_READER_H_

// Batches of rows, the next one read on a thread of its own while the last one
// is worked on. The batches are the same with and without that thread.

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/runtime/runtime.h"
#include "muster/tools/dispatch/background_task.h"
#include "muster/tools/dispatch/input.h"

namespace muster::tools::dispatch {

// Thread-compatible. Nothing else may read the input meanwhile. Its listener of
// bad rows is called from the reading thread, and never after the destructor.
class BatchReader {
 public:
  // Reads ahead if the runtime has more than one thread.
  BatchReader(std::shared_ptr<Input> input, int64_t batch_rows,
              const runtime::Runtime& runtime);
  ~BatchReader();
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  // The next rows, valid until the next call; null at the end. Errors of
  // Input::NextBatch, in their place: all rows before have been given out;
  // Cancelled when the runtime asks to stop while rows are awaited, after which
  // the input is not to be used. Not to be called again after null or an error.
  absl::StatusOr<const RowBatch*> Next();

  // Of the file, up to the batch given out last.
  int64_t bytes_read() const { return slots_[current_]->bytes_read; }

 private:
  struct Slot {
    RowBatch batch = {};
    absl::Status status = {};
    bool has_rows = false;
    int64_t bytes_read = 0;
  };

  static void Read(Input& input, int64_t batch_rows, Slot* slot);
  void StartReading(int slot);

  const std::shared_ptr<Input> input_;
  const int64_t batch_rows_;
  const runtime::Runtime runtime_;
  const bool ahead_;
  bool started_ = false;
  std::array<std::shared_ptr<Slot>, 2> slots_;
  int current_ = 0;
  BackgroundTask reading_;  // fills the other slot
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_BATCH_READER_H_
