// The JSON readers of trace_file.h.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/text_file.h"
#include "muster/runtime/trace_file.h"
#include "nlohmann/json.hpp"

namespace muster::runtime {
namespace {

using Json = nlohmann::json;

// Finds where a text stops being JSON.
class ErrorLocator : public nlohmann::json_sax<Json> {
 public:
  size_t position() const { return position_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    position_ = position;
    return false;
  }

 private:
  size_t position_ = 0;
};

// The whole file; by lines, so that an error names the one that was reached.
absl::StatusOr<std::string> ReadText(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(LineReader lines, LineReader::Open(path));
  std::string text;
  std::string line;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, lines.Next(&line));
    if (!more) return text;
    if (lines.line_number() > 1) text += '\n';
    absl::StrAppend(&text, line);
  }
}

absl::StatusOr<Json> ReadJson(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ", line 1: the file is empty; expected JSON"));
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_discarded()) return json;
  ErrorLocator locator;
  Json::sax_parse(text, &locator);
  const size_t position = std::min(locator.position(), text.size());
  const int64_t line =
      1 + std::count(text.begin(), text.begin() + position, '\n');
  const size_t begin = position > 20 ? position - 20 : 0;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ", line ", line,
                   ": not JSON (which has no NaN or "
                   "infinity) at '",
                   text.substr(begin, position - begin),
                   "'; the file is damaged or cut short"));
}

absl::Status WrongValue(absl::string_view path, absl::string_view keys,
                        const Json& value, absl::string_view expected) {
  const std::string found =
      value.is_primitive()
          ? value.dump(-1, ' ', false, Json::error_handler_t::replace)
          : absl::StrCat("a JSON ", value.type_name());
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", keys, " is ", found, "; expected ", expected));
}

std::string JobKey(absl::string_view job, int num_gpus) {
  return absl::StrCat("('", job, "', ", num_gpus, ")");
}

// "name1, name2, ...": the first few keys of a map.
template <typename Map>
std::string SomeKeys(const Map& map) {
  constexpr size_t kMostListed = 12;
  std::string text;
  size_t listed = 0;
  for (const auto& [key, value] : map) {
    if (listed++ == kMostListed) {
      absl::StrAppend(&text, ", and ", map.size() - kMostListed, " more");
      break;
    }
    absl::StrAppend(&text, text.empty() ? "" : ", ", key);
  }
  return text;
}

}  // namespace

absl::StatusOr<GavelThroughputs> GavelThroughputs::Read(
    absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(const Json json, ReadJson(path));
  if (!json.is_object() || json.empty()) {
    return WrongValue(path, "the top level", json, "an object by machine");
  }
  GavelThroughputs result;
  result.path_ = std::string(path);
  for (const auto& [machine, jobs] : json.items()) {
    if (!jobs.is_object()) {
      return WrongValue(path, machine, jobs, "an object by job type");
    }
    for (const auto& [job, rates] : jobs.items()) {
      const std::string keys = absl::StrCat(machine, " / ", job);
      if (!rates.is_object()) {
        return WrongValue(path, keys, rates, "an object by co-located job");
      }
      const auto alone = rates.find("null");
      if (alone == rates.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, ": ", keys,
                         " lacks the key \"null\", its steps/s when alone"));
      }
      const double steps =
          alone->is_number() ? alone->get<double>() : std::nan("");
      if (!(steps >= 0 && std::isfinite(steps))) {
        return WrongValue(path, absl::StrCat(keys, " / null"), *alone,
                          "a finite number of steps/s, 0 if it did not run");
      }
      result.throughputs_[machine][job] = steps;
    }
  }
  return result;
}

absl::StatusOr<double> GavelThroughputs::StepsPerSecond(
    absl::string_view machine, absl::string_view job, int num_gpus) const {
  const auto jobs = throughputs_.find(std::string(machine));
  if (jobs == throughputs_.end()) {
    return absl::NotFoundError(absl::StrCat(path_, ": no machine '", machine,
                                            "'; there are ",
                                            SomeKeys(throughputs_)));
  }
  const auto steps = jobs->second.find(JobKey(job, num_gpus));
  if (steps == jobs->second.end()) {
    return absl::NotFoundError(
        absl::StrCat(path_, ": no job ", JobKey(job, num_gpus), " on ", machine,
                     "; there are ", SomeKeys(jobs->second)));
  }
  if (steps->second == 0) {
    return absl::NotFoundError(absl::StrCat(
        path_, ": job ", JobKey(job, num_gpus), " did not run on ", machine,
        " (0 steps/s); choose another machine or batch size"));
  }
  return steps->second;
}

absl::StatusOr<std::vector<OnDeviceRun>> ReadOnDeviceRuns(
    absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(const Json json, ReadJson(path));
  for (const char* key : {"X", "Y"}) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_array()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path,
                       ": expected {\"X\": rows, \"Y\": rows}, found no "
                       "array \"",
                       key, "\""));
    }
  }
  const Json& shapes = json["X"];
  const Json& times = json["Y"];
  if (shapes.size() != times.size() || shapes.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": X has ", shapes.size(), " rows and Y ",
                     times.size(), "; expected equally many, at least one"));
  }
  constexpr double kUnits[] = {1000, 1000, 50, 10};
  std::vector<OnDeviceRun> runs;
  runs.reserve(shapes.size());
  for (size_t row = 0; row < shapes.size(); ++row) {
    const Json& shape = shapes[row];
    int32_t sizes[4];
    for (size_t k = 0; k < 4; ++k) {
      const bool is_number =
          shape.is_array() && shape.size() == 4 && shape[k].is_number();
      const double size =
          is_number ? shape[k].get<double>() * kUnits[k] : std::nan("");
      if (!(size >= 0.5 && size <= 1e9)) {
        return WrongValue(path, absl::StrCat("X[", row, "]"), shape,
                          "four positive numbers");
      }
      sizes[k] = static_cast<int32_t>(std::lround(size));
    }
    const Json& time = times[row];
    const bool is_number =
        time.is_array() && time.size() == 1 && time[0].is_number();
    const double seconds = is_number ? time[0].get<double>() : std::nan("");
    if (!(seconds > 0 && std::isfinite(seconds))) {
      return WrongValue(path, absl::StrCat("Y[", row, "]"),
                        time.is_array() && time.size() == 1 ? time[0] : time,
                        "[seconds], positive and finite");
    }
    runs.push_back({sizes[0], sizes[1], sizes[2], sizes[3], seconds});
  }
  return runs;
}

}  // namespace muster::runtime
