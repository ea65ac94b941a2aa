#include "muster/runtime/cluster_spec.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/call_arguments.h"
#include "muster/runtime/cluster_spec_parser.h"
#include "muster/runtime/math.h"
#include "muster/runtime/spec_expression.h"
#include "muster/runtime/spec_lexer.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/trace_source.h"

namespace muster::runtime {
namespace {

// --- The ATA paper's workers (arXiv 2502.00775, section 6 and appendix A)
// ------

// E1: 29 sqrt(i) + Exp(29 sqrt(i)).
SpeedLaw SqrtLaw(int64_t i, double unit) {
  const double m = unit * std::sqrt(static_cast<double>(i));
  return SpeedLaw::Exponential(m, m);
}

// E2: 29 i + Exp(29 i).
SpeedLaw LinearLaw(int64_t i, double unit) {
  const double m = unit * static_cast<double>(i);
  return SpeedLaw::Exponential(m, m);
}

// E3: groups g = 0, 1, ... of five workers with m = 29 (5 g + 1): m plus one of
// five laws of mean m.
SpeedLaw MixedLaw(int64_t i, double unit) {
  const int64_t in_group = (i - 1) % 5;
  const double m = unit * static_cast<double>(i - in_group);
  switch (in_group) {
    case 0:
      return SpeedLaw::Exponential(m, m);
    case 1:
      return SpeedLaw::Uniform(0.5 * m, 1.5 * m, m);
    case 2:
      return SpeedLaw::HalfNormal(m * std::sqrt(M_PI_2), m);
    case 3:
      return SpeedLaw::Lognormal(0.5 * Log(m), std::sqrt(Log(m)), m);
    default:
      return SpeedLaw::Gamma(m * m, 1 / m, m);
  }
}

// E4: Exp(2 i), without a shift.
SpeedLaw RegretLaw(int64_t i, double unit) {
  return SpeedLaw::Exponential(unit * static_cast<double>(i));
}

struct PresetLaw {
  absl::string_view name;
  double default_unit;
  SpeedLaw (*law)(int64_t i, double unit);
};
constexpr PresetLaw kPresetLaws[] = {
    {"ata_sqrt", 29, SqrtLaw},
    {"ata_linear", 29, LinearLaw},
    {"ata_mixed", 29, MixedLaw},
    {"ata_regret", 2, RegretLaw},
};

// --- Expansion
// ------------------------------------------------------------------

// A group with its sources looked up: what remains is to evaluate formulas.
struct PreparedGroup {
  const ParsedGroup* parsed = nullptr;
  std::optional<int64_t> count;       // unless the rest of n
  const PresetLaw* preset = nullptr;  // with `unit`
  double unit = 0;
  std::vector<SpeedLaw> recorded;  // of a trace, used in turn
};

bool DependsOnWorker(const SpecExpression& expression) {
  if (expression.op == SpecExpression::Op::kVariable) {
    return expression.variable == 'i' || expression.variable == 'j';
  }
  return std::any_of(expression.operands.begin(), expression.operands.end(),
                     DependsOnWorker);
}

class Expander {
 public:
  Expander(absl::string_view text, const SpecContext& context,
           const ParsedSpec& parsed)
      : text_(text), context_(context), parsed_(parsed) {}

  absl::StatusOr<std::vector<WorkerSpec>> Expand() {
    std::vector<PreparedGroup> groups;
    for (const ParsedGroup& group : parsed_.groups) {
      MUSTER_ASSIGN_OR_RETURN(PreparedGroup prepared, Prepare(group));
      groups.push_back(std::move(prepared));
    }
    MUSTER_ASSIGN_OR_RETURN(num_workers_, SettleCounts(groups));
    workers_.reserve(num_workers_);
    for (const PreparedGroup& group : groups) {
      MUSTER_RETURN_IF_ERROR(ExpandGroup(group));
    }
    return std::move(workers_);
  }

 private:
  absl::Status ErrorAt(size_t column, absl::string_view message) const {
    return SpecErrorAt(text_, column, message);
  }

  absl::StatusOr<PreparedGroup> Prepare(const ParsedGroup& group) {
    PreparedGroup prepared;
    prepared.parsed = &group;
    prepared.count = group.count;
    const bool gets_the_rest =
        parsed_.num_workers.has_value() && !group.count.has_value();
    if (group.law.has_value()) {
      if (!gets_the_rest && !prepared.count.has_value()) prepared.count = 1;
      return prepared;
    }
    if (!group.call->is_trace) {
      MUSTER_RETURN_IF_ERROR(PreparePreset(gets_the_rest, &prepared));
      return prepared;
    }
    MUSTER_ASSIGN_OR_RETURN(prepared.recorded,
                            LawsOfTrace(text_, *group.call, context_.data_dir));
    if (!gets_the_rest && !prepared.count.has_value()) {
      prepared.count = static_cast<int64_t>(prepared.recorded.size());
    }
    return prepared;
  }

  absl::Status PreparePreset(bool gets_the_rest, PreparedGroup* prepared) {
    const CallSource& call = *prepared->parsed->call;
    std::string names;
    int64_t default_num_workers = 0;
    for (const PresetLaw& preset : kPresetLaws) {
      if (preset.name == call.name) prepared->preset = &preset;
    }
    for (const ClusterPreset& preset : ClusterPresets()) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", preset.name);
      if (preset.name == call.name) {
        default_num_workers = preset.default_num_workers;
      }
    }
    if (prepared->preset == nullptr) {
      return ErrorAt(call.column, absl::StrCat("unknown preset '", call.name,
                                               "'; expected one of ", names));
    }
    MUSTER_ASSIGN_OR_RETURN(const CallArguments arguments,
                            CallArguments::Create(text_, call, {"n", "unit"}));
    MUSTER_ASSIGN_OR_RETURN(
        prepared->unit,
        arguments.Number("unit", 1e-12, 1e12, prepared->preset->default_unit));
    if (!arguments.Has("n")) {
      if (!gets_the_rest && !prepared->count.has_value()) {
        prepared->count = default_num_workers;
      }
      return absl::OkStatus();
    }
    MUSTER_ASSIGN_OR_RETURN(const int64_t n,
                            arguments.WholeNumber("n", 1, kMaxWorkers, {}));
    if (prepared->count.has_value() && *prepared->count != n) {
      return arguments.ErrorAt(
          "n", absl::StrCat("n = ", n, ", but the group has ", *prepared->count,
                            " workers; give one of the two"));
    }
    prepared->count = n;
    return absl::OkStatus();
  }

  // Gives the group without a count the rest of n; returns the total.
  absl::StatusOr<int64_t> SettleCounts(std::vector<PreparedGroup>& groups) {
    int64_t total = 0;
    PreparedGroup* open = nullptr;
    for (PreparedGroup& group : groups) {
      if (group.count.has_value()) {
        total += *group.count;
        if (total > kMaxWorkers) {
          return ErrorAt(group.parsed->column,
                         absl::StrCat("the cluster has ", total,
                                      " workers by here; at most ", kMaxWorkers,
                                      " are possible"));
        }
      } else if (open != nullptr) {
        return ErrorAt(group.parsed->column,
                       "a second group without a number of workers; give one, "
                       "such as 10 x ..., since only one can have the rest of "
                       "n");
      } else {
        open = &group;
      }
    }
    if (!parsed_.num_workers.has_value()) return total;
    const int64_t n = *parsed_.num_workers;
    const int64_t rest = n - total;
    if (open == nullptr ? rest != 0 : rest < 1) {
      return ErrorAt(
          parsed_.num_workers_column,
          absl::StrCat("n = ", n,
                       ", but the groups with a count "
                       "have ",
                       total, " workers",
                       open == nullptr ? "" : " and leave none for the other"));
    }
    if (open != nullptr) open->count = rest;
    return n;
  }

  absl::Status ExpandGroup(const PreparedGroup& group) {
    const int64_t begin = static_cast<int64_t>(workers_.size());
    const int64_t count = *group.count;
    if (group.preset != nullptr && group.preset->name == "ata_mixed" &&
        count % 5 != 0) {
      return ErrorAt(group.parsed->call->column,
                     absl::StrCat("ata_mixed has groups of five: n = ", count,
                                  " must be a multiple of 5"));
    }
    for (int64_t k = 0; k < count; ++k) {
      const SpecVariables at = {.i = static_cast<double>(begin + k + 1),
                                .j = static_cast<double>(k + 1),
                                .n = static_cast<double>(num_workers_)};
      MUSTER_ASSIGN_OR_RETURN(SpeedLaw law, LawOf(group, k, at));
      workers_.push_back({.law = std::move(law), .modifiers = {}});
    }
    for (const ParsedModifier& modifier : group.parsed->modifiers) {
      MUSTER_RETURN_IF_ERROR(Modify(modifier, begin, count));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SpeedLaw> LawOf(const PreparedGroup& group, int64_t k,
                                 const SpecVariables& at) {
    if (!group.recorded.empty()) {
      return group.recorded[k % group.recorded.size()];
    }
    if (group.preset != nullptr) {
      const SpeedLaw law = group.preset->law(k + 1, group.unit);
      MUSTER_RETURN_IF_ERROR(CheckLaw(law, group.parsed->call->column, at));
      return law;
    }
    const LawSource& source = *group.parsed->law;
    const bool varies =
        (source.shift.has_value() && DependsOnWorker(*source.shift)) ||
        std::any_of(source.parameters.begin(), source.parameters.end(),
                    DependsOnWorker);
    // Equal laws of one group share their samples, and are made once.
    if (k > 0 && !varies) return workers_.back().law;
    MUSTER_ASSIGN_OR_RETURN(const SpeedLaw law, EvaluateLaw(source, at));
    MUSTER_RETURN_IF_ERROR(CheckLaw(law, source.column, at));
    return law;
  }

  absl::Status CheckLaw(const SpeedLaw& law, size_t column,
                        const SpecVariables& at) const {
    const absl::Status status = law.Validate();
    if (status.ok()) return status;
    return ErrorAt(column, absl::StrCat(status.message(), " (worker i = ",
                                        static_cast<int64_t>(at.i), ")"));
  }

  absl::StatusOr<SpeedLaw> EvaluateLaw(const LawSource& source,
                                       const SpecVariables& at) const {
    const double shift = source.shift.has_value()
                             ? EvaluateSpecExpression(*source.shift, at)
                             : 0;
    if (!source.kind.has_value()) return SpeedLaw::Constant(shift);
    std::vector<double> values;
    for (const SpecExpression& parameter : source.parameters) {
      values.push_back(EvaluateSpecExpression(parameter, at));
    }
    if (*source.kind == SpeedLaw::Kind::kEmpirical) {
      auto samples = EmpiricalSamples::Create(std::move(values));
      if (!samples.ok()) {
        return ErrorAt(source.column, samples.status().message());
      }
      return SpeedLaw::Empirical(*std::move(samples), source.sampling, shift);
    }
    SpeedLaw law;
    law.kind = *source.kind;
    law.a = values[0];
    law.b = values.size() > 1 ? values[1] : 0;
    law.shift = shift;
    return law;
  }

  // Adds the modifier to the selected workers of [begin, begin + count).
  absl::Status Modify(const ParsedModifier& modifier, int64_t begin,
                      int64_t count) {
    std::vector<std::pair<int64_t, int64_t>> selected = modifier.selected;
    if (selected.empty()) selected = {{begin + 1, begin + count}};
    for (const auto& [first, last] : selected) {
      if (first > last || first < begin + 1 || last > begin + count) {
        return ErrorAt(
            modifier.selector_column,
            absl::StrCat("workers ", first, "..", last,
                         " are not a range within this group, which has the "
                         "workers ",
                         begin + 1, "..", begin + count));
      }
      for (int64_t i = first; i <= last; ++i) {
        MUSTER_ASSIGN_OR_RETURN(
            const SpeedModifier value,
            EvaluateModifier(modifier,
                             {.i = static_cast<double>(i),
                              .j = static_cast<double>(i - begin),
                              .n = static_cast<double>(num_workers_)}));
        workers_[i - 1].modifiers.push_back(value);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SpeedModifier> EvaluateModifier(
      const ParsedModifier& modifier, const SpecVariables& at) const {
    const SpeedModifierFamily& family =
        SpeedModifierFamilies()[static_cast<int>(modifier.kind)];
    double values[3] = {0, 0, 0};
    for (size_t k = 0; k < std::size(values); ++k) {
      if (family.parameters[k].name.empty()) continue;
      values[k] = modifier.parameters[k].has_value()
                      ? EvaluateSpecExpression(*modifier.parameters[k], at)
                      : family.parameters[k].default_value;
    }
    const SpeedModifier result = {modifier.kind, values[0], values[1],
                                  values[2]};
    const absl::Status status = result.Validate();
    if (status.ok()) return result;
    return ErrorAt(modifier.column,
                   absl::StrCat(status.message(), " (worker i = ",
                                static_cast<int64_t>(at.i), ")"));
  }

  absl::string_view text_;
  const SpecContext& context_;
  const ParsedSpec& parsed_;
  int64_t num_workers_ = 0;
  std::vector<WorkerSpec> workers_;
};

}  // namespace

absl::StatusOr<ClusterSpec> ParseClusterSpec(absl::string_view text,
                                             const SpecContext& context) {
  MUSTER_ASSIGN_OR_RETURN(const ParsedSpec parsed, ParseSpecSyntax(text));
  ClusterSpec spec;
  MUSTER_ASSIGN_OR_RETURN(spec.workers,
                          Expander(text, context, parsed).Expand());
  spec.text = ParsedSpecText(parsed);
  return spec;
}

std::string ToText(const ClusterSpec& spec) {
  if (!spec.text.empty()) return spec.text;
  std::string text;
  for (size_t begin = 0; begin < spec.workers.size();) {
    const WorkerSpec& worker = spec.workers[begin];
    size_t end = begin + 1;
    while (end < spec.workers.size() && spec.workers[end] == worker) ++end;
    absl::StrAppend(&text, begin == 0 ? "" : "; ");
    if (end - begin > 1) absl::StrAppend(&text, end - begin, " x ");
    absl::StrAppend(&text, worker.law.ToText());
    for (const SpeedModifier& modifier : worker.modifiers) {
      absl::StrAppend(&text, " | ", modifier.ToText());
    }
    begin = end;
  }
  return text;
}

const std::vector<ClusterPreset>& ClusterPresets() {
  static const auto* const presets = new std::vector<ClusterPreset>{
      {"ata_sqrt", "29 sqrt(i) + Exp(29 sqrt(i)): figure 1 of the ATA paper",
       51},
      {"ata_linear", "29 i + Exp(29 i): figure 2 of the ATA paper", 51},
      {"ata_mixed",
       "groups of five laws of one mean, plus it: figure 3 of the ATA paper",
       45},
      {"ata_regret", "Exp(2 i): figure 4 of the ATA paper", 20},
  };
  return *presets;
}

}  // namespace muster::runtime
