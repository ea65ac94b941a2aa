#ifndef MUSTER_BENCHMARKS_HARNESS_DATA_CATALOG_H_
#define MUSTER_BENCHMARKS_HARNESS_DATA_CATALOG_H_

// How to get data files, by tools/data/manifest.json: most are fetched by one
// command, some no address serves as they are, so a person has to make them.

#include <map>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

// What to do to get some files; each part empty when it has none.
struct DataAdvice {
  std::string fetch_command = {};  // for those that an address serves
  std::string by_hand = {};        // a sentence on the sets of the others
};

class DataCatalog {
 public:
  // The manifest that was built in. When it cannot be read, an empty catalog.
  static DataCatalog BuiltIn();
  // DataLoss: not a manifest.
  static absl::StatusOr<DataCatalog> Parse(absl::string_view manifest);

  // `files`: paths under the data folder; one that the manifest does not name
  // is left to the fetch command, which knows what there is. `data_dir` empty:
  // FOLDER stands for it.
  DataAdvice Advice(std::span<const std::string> files,
                    absl::string_view data_dir) const;

 private:
  // File -> set, of the files without an address.
  std::map<std::string, std::string> made_by_hand_;
};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_DATA_CATALOG_H_
