#ifndef MUSTER_BENCHMARKS_HARNESS_CSV_H_
#define MUSTER_BENCHMARKS_HARNESS_CSV_H_

// Comma-separated values as RFC 4180 has them, with '\n' line ends: a field is
// quoted when it holds a comma, a quote, or a line break; a quote is doubled.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

std::string CsvField(absl::string_view field);

// Appends the fields and a line end.
void AppendCsvRow(const std::vector<std::string>& fields, std::string* csv);

// All rows; "\r\n" is accepted. DataLoss names the line of a quote left open
// or of text after a closing quote.
absl::StatusOr<std::vector<std::vector<std::string>>> ParseCsv(
    absl::string_view csv);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_CSV_H_
