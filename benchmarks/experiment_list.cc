#include "muster/benchmarks/experiment_list.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::benchmarks {

absl::StatusOr<std::vector<ListedExperiment>> ParseExperimentList(
    absl::string_view text) {
  std::vector<ListedExperiment> experiments;
  std::set<std::string> names;
  int line_number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    if (line.empty()) continue;
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    const std::vector<std::string> label = absl::StrSplit(fields[0], ':');
    if (fields.size() != 2 || label.size() != 2 || label[1].empty() ||
        !absl::StartsWith(label[0], "//")) {
      return absl::DataLossError(
          absl::StrCat("list of experiments, line ", line_number, ": '", line,
                       "'; expected //package:name, a tab and a description"));
    }
    const std::string package(absl::StripPrefix(label[0], "//"));
    experiments.push_back(
        {.name = label[1],
         .label = fields[0],
         .program =
             package.empty() ? label[1] : absl::StrCat(package, "/", label[1]),
         .description = fields[1]});
    if (!names.insert(label[1]).second) {
      return absl::DataLossError(
          absl::StrCat("list of experiments, line ", line_number,
                       ": a second one named ", label[1]));
    }
  }
  return experiments;
}

absl::StatusOr<std::vector<ListedExperiment>> SelectExperiments(
    const std::vector<ListedExperiment>& all, absl::string_view only) {
  if (absl::StripAsciiWhitespace(only).empty()) return all;
  std::set<std::string> wanted;
  for (const absl::string_view name : absl::StrSplit(only, ',')) {
    wanted.insert(std::string(absl::StripAsciiWhitespace(name)));
  }
  std::vector<ListedExperiment> selected;
  for (const ListedExperiment& experiment : all) {
    if (wanted.erase(experiment.name) > 0) selected.push_back(experiment);
  }
  if (!wanted.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "--only: no experiment named '", *wanted.begin(), "'; there are ",
        absl::StrJoin(all, ", ",
                      [](std::string* out, const ListedExperiment& e) {
                        absl::StrAppend(out, e.name);
                      })));
  }
  return selected;
}

}  // namespace muster::benchmarks
