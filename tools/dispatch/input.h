#ifndef MUSTER_TOOLS_DISPATCH_INPUT_H_
#define MUSTER_TOOLS_DISPATCH_INPUT_H_

// A data file as batches of rows, in constant memory, and the shape of shards
// that hold such rows: models/data/row_reader.h for the commands of this
// folder.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/csv.h"
#include "muster/models/data/row_reader.h"
#include "muster/runtime/runtime.h"
#include "muster/tools/dispatch/shard_writer.h"

namespace muster::tools::dispatch {

using models::RowBatch;

struct InputOptions {
  std::string path = {};
  // Format, width, CSV columns, labels of IDX files, limit of bad rows. Its
  // on_bad_row is set by Input.
  models::RowReaderOptions reader = {};
  // Rows read at most, bad ones not counted; 0: all.
  int64_t max_rows = 0;
};

// The flag of the first option that is not its default: "label_column";
// empty: none.
absl::string_view FirstCsvFlag(const models::CsvOptions& options);

// Told of each bad row: "path, line 7: reason".
using BadRowListener = std::function<void(absl::string_view)>;

// Thread-compatible.
class Input {
 public:
  // Errors as of RowReader::Open; InvalidArgument, naming the flag, for options
  // that the format has no use for; Cancelled when the runtime asks to stop
  // while a pipe keeps it waiting.
  static absl::StatusOr<std::unique_ptr<Input>> Open(
      InputOptions options, BadRowListener listener,
      const runtime::Runtime& runtime);

  // The next rows with their texts, at most `max_rows` >= 1, into *batch. True
  // while there are rows. Errors as of RowReader::NextBatch.
  absl::StatusOr<bool> NextBatch(int64_t max_rows, RowBatch* batch);

  // The listener is not called any more, once this returns. From any thread.
  void StopTelling();

  const models::RowReader& reader() const { return reader_; }
  // Bytes read of the file, compressed if it is, and its size; -1: not known.
  int64_t bytes_read() const { return reader_.file().file_bytes_read(); }
  int64_t bytes() const { return reader_.file().file_bytes(); }
  bool is_gzip() const { return reader_.file().is_gzip(); }

  // The files that a shard of these rows consists of.
  std::vector<ShardFileKind> ShardFiles() const;
  // What goes to these files for a row of a batch; valid as long as the batch
  // and *label_byte, which holds an IDX label.
  void Records(const RowBatch& batch, int64_t row, char* label_byte,
               std::vector<absl::string_view>* records) const;

 private:
  // A listener that can be taken away while another thread reads.
  struct Teller {
    std::mutex mutex;
    BadRowListener listener;  // null: nobody listens
  };
  Input(InputOptions options, models::RowReader reader,
        std::shared_ptr<Teller> teller);

  InputOptions options_;
  models::RowReader reader_;
  const std::shared_ptr<Teller> teller_;
  int64_t rows_left_;
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_INPUT_H_
