#ifndef MUSTER_BENCHMARKS_HARNESS_RESULTS_JSON_H_
#define MUSTER_BENCHMARKS_HARNESS_RESULTS_JSON_H_

// The texts of results.csv, results.json and run.json (see experiment.h for
// what goes where and which of them repeat to the byte).

#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/command_line.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/table.h"

namespace muster::benchmarks {

// Refers to what the caller keeps.
struct ResultsDocument {
  const ExperimentInfo& info;
  const CommonFlags& flags;
  std::vector<std::pair<std::string, std::string>> result_flags;
  std::map<std::string, std::string> data_checksums;  // path -> SHA-256
  std::set<std::string> missing_data;                 // asked for, not found
  std::span<const Table> tables;
  std::span<const FigureSpec> figures;
  std::span<const Claim> claims;
  std::span<const std::string> notes;
  // Further files, with their contents.
  std::span<const std::pair<std::string, std::string>> files;
  bool incomplete = false;
};

// table,row,column,value,status: one line per cell, rows from 0; status is
// "complete" or "incomplete".
std::string ResultsCsv(const ResultsDocument& document);

std::string ResultsJson(const ResultsDocument& document);

// What may differ between two equal runs.
struct RunRecord {
  std::string begin_utc = {};
  double wall_seconds = 0;
  int threads = 0;
  std::string command_line = {};
  bool resumed = false;
  bool incomplete = false;
  int exit_code = 0;
  std::string figures = {};  // "drawn", or why not
  std::span<const Table> timings = {};
};

std::string RunJson(const RunRecord& run);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_RESULTS_JSON_H_
