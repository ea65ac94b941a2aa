#ifndef MUSTER_MODELS_DATA_BAG_OF_WORDS_H_
#define MUSTER_MODELS_DATA_BAG_OF_WORDS_H_

// Word counts of documents in the format of the UCI "Bag of Words" sets (D.
// Newman, UCI Machine Learning Repository): three lines with the numbers of
// documents D, words W and entries, then an entry per line,
//
//   <document> <word> <count>
//
// documents and words counted from 1, sorted by document and then by word.
// Labels, where there are any, are in a file of their own: that of document k
// on line k. Files may be gzip-compressed (recognised by content).

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/sparse_dataset.h"

namespace muster::models {

// A row per document, a feature per word of the vocabulary (W, also those that
// do not occur), the value its count; all labels are 0. A document without
// words is an empty row. Errors: NotFound and DataLoss of the file itself, and
// DataLoss for fewer or more entries than the third line says;
// InvalidArgument "<path>, line <line>: ..." for a malformed number, a document
// or word outside its range or out of order, a count below 1. A file with more
// than ten million documents without words, wherever they stand, is taken for
// damaged: InvalidArgument at the entry behind them, DataLoss at the end.
// Memory: the result and one line.
absl::StatusOr<SparseDataset> ReadBagOfWords(absl::string_view path);

// The same from text in memory; `name` takes the place of the path in errors.
absl::StatusOr<SparseDataset> ParseBagOfWords(absl::string_view text,
                                              absl::string_view name);

// Sets data->labels from a file with one finite number per line, a leading '+'
// allowed; as many lines as rows (else InvalidArgument, with both numbers).
// Blank lines count as missing.
absl::Status ReadLabels(absl::string_view path, SparseDataset* data);

// The text that ParseBagOfWords reads as `data` (valid, whole values in [1,
// 2^24], CHECKed; more than ten million empty rows it would refuse); labels are
// left out.
std::string FormatBagOfWords(const SparseDataset& data);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_BAG_OF_WORDS_H_
