#include "muster/benchmarks/harness/figure.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/status_macros.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using Json = nlohmann::ordered_json;

absl::string_view KindName(Series::Kind kind) {
  switch (kind) {
    case Series::Kind::kLine:
      return "line";
    case Series::Kind::kStep:
      return "step";
    case Series::Kind::kScatter:
      return "scatter";
    case Series::Kind::kBar:
      return "bar";
    case Series::Kind::kErrorBar:
      return "errorbar";
    case Series::Kind::kBand:
      return "band";
  }
  return "unknown";
}

absl::Status Invalid(const std::string& where, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
}

bool HasPositive(const std::vector<double>& values) {
  for (const double value : values) {
    if (value > 0 && std::isfinite(value)) return true;
  }
  return values.empty();
}

absl::Status ValidateSeries(const std::string& where, const Panel& panel,
                            const Series& series) {
  const size_t size = series.x.size();
  if (size == 0) return Invalid(where, "x is empty; leave the series out");
  const bool band = series.kind == Series::Kind::kBand;
  if (series.y.size() != size && !(band && series.y.empty())) {
    return Invalid(where, absl::StrCat("y has ", series.y.size(),
                                       " values and x has ", size));
  }
  if (series.low.size() != series.high.size() ||
      (!series.low.empty() && series.low.size() != size)) {
    return Invalid(where,
                   absl::StrCat("low has ", series.low.size(), " values, high ",
                                series.high.size(), " and x ", size));
  }
  if ((band || series.kind == Series::Kind::kErrorBar) && series.low.empty()) {
    return Invalid(where, "low and high are empty; this kind needs them");
  }
  if (panel.x.scale == AxisSpec::Scale::kLog && !HasPositive(series.x)) {
    return Invalid(where, "x has no positive value and its axis is log");
  }
  if (panel.y.scale == AxisSpec::Scale::kLog &&
      !HasPositive(band ? series.high : series.y)) {
    return Invalid(where, "y has no positive value and its axis is log");
  }
  if (series.kind == Series::Kind::kBar) {
    for (const double x : series.x) {
      if (!(x >= 0 && x < static_cast<double>(panel.categories.size())) ||
          x != std::floor(x)) {
        return Invalid(where, absl::StrCat("bar at x = ", x, "; the panel has ",
                                           panel.categories.size(),
                                           " categories, numbered from 0"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateAxis(const std::string& where, absl::string_view name,
                          const AxisSpec& axis) {
  for (const auto& limit : {axis.min, axis.max}) {
    if (!limit.has_value()) continue;
    if (!std::isfinite(*limit)) {
      return Invalid(where,
                     absl::StrCat(name, " limit ", *limit, " must be finite"));
    }
    if (axis.scale == AxisSpec::Scale::kLog && *limit <= 0) {
      return Invalid(where, absl::StrCat(name, " limit ", *limit,
                                         " must be > 0 on a log axis"));
    }
  }
  if (axis.min.has_value() && axis.max.has_value() && *axis.min >= *axis.max) {
    return Invalid(where, absl::StrCat(name, " limits ", *axis.min, " and ",
                                       *axis.max, " must increase"));
  }
  return absl::OkStatus();
}

Json Numbers(const std::vector<double>& values) {
  Json array = Json::array();
  for (const double value : values) {
    array.push_back(std::isfinite(value) ? Json(value) : Json(nullptr));
  }
  return array;
}

Json AxisJson(const AxisSpec& axis) {
  Json json = {{"label", axis.label},
               {"unit", axis.unit},
               {"log", axis.scale == AxisSpec::Scale::kLog}};
  json["min"] = axis.min.has_value() ? Json(*axis.min) : Json(nullptr);
  json["max"] = axis.max.has_value() ? Json(*axis.max) : Json(nullptr);
  return json;
}

Json PanelJson(const Panel& panel) {
  Json json = {{"title", panel.title},
               {"x", AxisJson(panel.x)},
               {"y", AxisJson(panel.y)},
               {"categories", panel.categories}};
  json["series"] = Json::array();
  for (const Series& series : panel.series) {
    json["series"].push_back(
        {{"label", series.label},
         {"key", series.key.empty() ? series.label : series.key},
         {"kind", std::string(KindName(series.kind))},
         {"x", Numbers(series.x)},
         {"y", Numbers(series.y)},
         {"low", Numbers(series.low)},
         {"high", Numbers(series.high)}});
  }
  json["references"] = Json::array();
  for (const ReferenceLine& line : panel.references) {
    json["references"].push_back(
        {{"vertical", line.direction == ReferenceLine::Direction::kVertical},
         {"value", line.value},
         {"label", line.label}});
  }
  json["gantt"] = Json::array();
  for (const GanttSegment& segment : panel.gantt) {
    json["gantt"].push_back({segment.row, segment.begin_seconds,
                             segment.end_seconds, segment.activity,
                             segment.label});
  }
  return json;
}

}  // namespace

absl::Status Validate(const FigureSpec& figure) {
  const std::string where = absl::StrCat("figure '", figure.name, "'");
  if (!IsFileName(figure.name)) {
    return Invalid(where,
                   "the name becomes a file name: letters, digits, '_', "
                   "'-' and '.' only");
  }
  if (figure.panels.empty()) return Invalid(where, "no panel");
  if (figure.columns < 1) {
    return Invalid(where, absl::StrCat("columns = ", figure.columns,
                                       " must be at least 1"));
  }
  for (size_t p = 0; p < figure.panels.size(); ++p) {
    const Panel& panel = figure.panels[p];
    const std::string in_panel =
        absl::StrCat(where, " panel ", p, " ('", panel.title, "')");
    MUSTER_RETURN_IF_ERROR(ValidateAxis(in_panel, "x", panel.x));
    MUSTER_RETURN_IF_ERROR(ValidateAxis(in_panel, "y", panel.y));
    for (const ReferenceLine& line : panel.references) {
      if (!std::isfinite(line.value)) {
        return Invalid(in_panel, absl::StrCat("reference line '", line.label,
                                              "' is not at a finite value"));
      }
    }
    for (const GanttSegment& segment : panel.gantt) {
      if (!(segment.begin_seconds <= segment.end_seconds) ||
          !std::isfinite(segment.end_seconds - segment.begin_seconds)) {
        return Invalid(
            in_panel, absl::StrCat("gantt segment from ", segment.begin_seconds,
                                   " to ", segment.end_seconds, " s"));
      }
    }
    for (const Series& series : panel.series) {
      MUSTER_RETURN_IF_ERROR(
          ValidateSeries(absl::StrCat(in_panel, " series '", series.label, "'"),
                         panel, series));
    }
  }
  return absl::OkStatus();
}

std::string FigureToJson(const FigureSpec& figure, bool incomplete) {
  Json json = {{"name", figure.name},
               {"title", figure.title},
               {"caption", figure.caption},
               {"columns", figure.columns},
               {"shared_legend", figure.shared_legend},
               {"incomplete", incomplete}};
  json["panels"] = Json::array();
  for (const Panel& panel : figure.panels) {
    json["panels"].push_back(PanelJson(panel));
  }
  return json.dump();
}

}  // namespace muster::benchmarks
