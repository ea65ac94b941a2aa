#ifndef MUSTER_MODELS_DATA_TF_IDF_H_
#define MUSTER_MODELS_DATA_TF_IDF_H_

// Word counts to weighted terms (G. Salton, C. Buckley, "Term-weighting
// approaches in automatic text retrieval", 1988; smoothed as in scikit-learn):
//
//   tf = 1 + ln(count)     idf_w = 1 + ln((1 + D) / (1 + df_w))
//   value = tf idf, then each row scaled to Euclidean length 1
//
// D documents, df_w of which have the word w. The idf come from the training
// documents alone and are then used for all others.

#include <vector>

#include "muster/models/data/sparse_dataset.h"

namespace muster::models {

// idf of each feature; one that does not occur has the largest, 1 + ln(1 + D).
// O(entries + features).
std::vector<double> InverseDocumentFrequencies(const SparseDataset& counts);

// Replaces counts (>= 1, CHECKed; as many features as idf) by weighted terms.
// An empty row stays empty. O(entries).
void ApplyTfIdf(const std::vector<double>& idf, SparseDataset* data);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_TF_IDF_H_
