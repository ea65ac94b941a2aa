#include "muster/models/data/tf_idf.h"

#include <cmath>
#include <cstdint>

#include "muster/runtime/check.h"

namespace muster::models {

std::vector<double> InverseDocumentFrequencies(const SparseDataset& counts) {
  std::vector<int64_t> documents(static_cast<size_t>(counts.num_features), 0);
  for (const int32_t column : counts.columns) ++documents[column];
  std::vector<double> idf;
  idf.reserve(documents.size());
  const auto all = static_cast<double>(counts.num_rows());
  for (const int64_t with_word : documents) {
    idf.push_back(1 +
                  std::log((1 + all) / (1 + static_cast<double>(with_word))));
  }
  return idf;
}

void ApplyTfIdf(const std::vector<double>& idf, SparseDataset* data) {
  MUSTER_CHECK_EQ(static_cast<int64_t>(idf.size()), data->num_features);
  std::vector<double> terms;
  for (int64_t row = 0; row < data->num_rows(); ++row) {
    terms.clear();
    double squares = 0;
    for (int64_t e = data->row_begin[row]; e < data->row_begin[row + 1]; ++e) {
      const double count = data->values[e];
      MUSTER_CHECK_GE(count, 1);
      terms.push_back((1 + std::log(count)) * idf[data->columns[e]]);
      squares += terms.back() * terms.back();
    }
    const double length = std::sqrt(squares);
    for (size_t i = 0; i < terms.size(); ++i) {
      data->values[data->row_begin[row] + static_cast<int64_t>(i)] =
          static_cast<float>(terms[i] / length);
    }
  }
}

}  // namespace muster::models
