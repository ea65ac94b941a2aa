#include "muster/benchmarks/harness/claims.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "muster/benchmarks/harness/csv.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr Verdict kVerdicts[] = {Verdict::kPass, Verdict::kFail, Verdict::kTie,
                                 Verdict::kSkipped};

const std::vector<std::string>& Columns() {
  static const auto& columns = *new std::vector<std::string>{
      "id",  "source", "statement", "paper",  "ours",
      "low", "high",   "seeds",     "verdict"};
  return columns;
}

// The claim with mean and interval of `values`, and no verdict yet.
Claim Measured(ClaimText text, std::span<const double> values) {
  const Interval interval = MeanInterval(values);
  return {.id = std::move(text.id),
          .source = std::move(text.source),
          .statement = std::move(text.statement),
          .paper = std::move(text.paper),
          .ours = interval.mean,
          .low = interval.count > 1 ? interval.low : kNan,
          .high = interval.count > 1 ? interval.high : kNan,
          .seeds = interval.count};
}

// Whether no interval can be told: a NaN among the values, or, with several
// seeds, one that is not finite or so large that the sums are not.
bool Undecidable(std::span<const double> values, const Interval& interval) {
  return std::isnan(interval.low) || std::isnan(interval.high) ||
         std::any_of(values.begin(), values.end(),
                     [](double value) { return std::isnan(value); });
}

std::string ShortNumber(double value) {
  return std::isnan(value) ? "" : absl::StrFormat("%.5g", value);
}

// A number of more than six significant digits cut to six; else the word.
std::string ShortWord(std::string word) {
  double value = 0;
  const char* end = word.data() + word.size();
  const auto result = std::from_chars(word.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return word;
  std::string digits = word.substr(0, word.find('e'));
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  const size_t first = digits.find_first_not_of('0');
  const size_t last = digits.find_last_not_of('0');
  if (first == std::string::npos || last - first < 6) return word;
  return absl::StrFormat("%.6g", value);
}

absl::StatusOr<double> ParseNumber(const std::string& field, size_t line,
                                   absl::string_view column) {
  if (field.empty()) return kNan;
  double value = 0;
  const char* end = field.data() + field.size();
  const auto result = std::from_chars(field.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) {
    return absl::DataLossError(
        absl::StrCat("claims csv row ", line, ": ", column, " is '", field,
                     "'; expected a number or an empty field"));
  }
  return value;
}

}  // namespace

absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kTie:
      return "tie";
    case Verdict::kSkipped:
      return "skipped";
  }
  return "unknown";
}

void Claims::Add(Claim claim) {
  MUSTER_CHECK(!claim.id.empty()) << "a claim without an id";
  for (const Claim& other : claims_) {
    MUSTER_CHECK(other.id != claim.id) << "two claims with id " << claim.id;
  }
  claims_.push_back(std::move(claim));
}

Verdict Claims::Judge(ClaimText text, absl::string_view bound_text,
                      std::span<const double> ours, double low, double high) {
  MUSTER_CHECK(!ours.empty()) << "claim " << text.id << " without a value";
  const Interval interval = MeanInterval(ours);
  Claim claim = Measured(std::move(text), ours);
  if (claim.paper.empty()) claim.paper = std::string(bound_text);
  if (Undecidable(ours, interval)) {
    claim.verdict = Verdict::kFail;
  } else if (interval.low >= low && interval.high <= high) {
    claim.verdict = Verdict::kPass;
  } else if (interval.high < low || interval.low > high) {
    claim.verdict = Verdict::kFail;
  } else {
    claim.verdict = Verdict::kTie;
  }
  const Verdict verdict = claim.verdict;
  Add(std::move(claim));
  return verdict;
}

Verdict Claims::JudgeNear(ClaimText text, double paper,
                          std::span<const double> ours,
                          double relative_tolerance) {
  MUSTER_CHECK(relative_tolerance >= 0) << "claim " << text.id;
  const double margin = relative_tolerance * std::fabs(paper);
  return Judge(std::move(text), ExactNumber(paper), ours, paper - margin,
               paper + margin);
}

Verdict Claims::JudgeLess(ClaimText text, std::span<const double> a,
                          std::span<const double> b) {
  MUSTER_CHECK(!a.empty()) << "claim " << text.id << " without a value";
  const std::vector<double> differences = PairedDifferences(a, b);
  const Interval interval = MeanInterval(differences);
  Claim claim = Measured(std::move(text), differences);
  if (claim.paper.empty()) claim.paper = "> 0";
  if (Undecidable(differences, interval)) {
    claim.verdict = Verdict::kFail;
  } else if (interval.low > 0) {
    claim.verdict = Verdict::kPass;
  } else if (interval.high < 0) {
    claim.verdict = Verdict::kFail;
  } else {
    claim.verdict = Verdict::kTie;
  }
  const Verdict verdict = claim.verdict;
  Add(std::move(claim));
  return verdict;
}

Verdict Claims::JudgeAtMost(ClaimText text, std::span<const double> ours,
                            double bound) {
  return Judge(std::move(text), absl::StrCat("<= ", ExactNumber(bound)), ours,
               -kInfinity, bound);
}

Verdict Claims::JudgeAtLeast(ClaimText text, std::span<const double> ours,
                             double bound) {
  return Judge(std::move(text), absl::StrCat(">= ", ExactNumber(bound)), ours,
               bound, kInfinity);
}

Verdict Claims::JudgeBetween(ClaimText text, std::span<const double> ours,
                             double low, double high) {
  MUSTER_CHECK(low <= high) << "claim " << text.id;
  return Judge(std::move(text),
               absl::StrCat(ExactNumber(low), " to ", ExactNumber(high)), ours,
               low, high);
}

Verdict Claims::JudgeExact(ClaimText text, double paper,
                           std::span<const double> ours) {
  MUSTER_CHECK(!ours.empty()) << "claim " << text.id << " without a value";
  Claim claim = Measured(std::move(text), ours);
  if (claim.paper.empty()) claim.paper = ExactNumber(paper);
  const bool equal = std::all_of(ours.begin(), ours.end(),
                                 [&](double value) { return value == paper; });
  claim.verdict = equal ? Verdict::kPass : Verdict::kFail;
  const Verdict verdict = claim.verdict;
  Add(std::move(claim));
  return verdict;
}

Verdict Claims::JudgeTrue(ClaimText text, bool holds, int64_t seeds) {
  MUSTER_CHECK(seeds >= 1) << "claim " << text.id << ": " << seeds << " seeds";
  const Verdict verdict = holds ? Verdict::kPass : Verdict::kFail;
  Add({.id = std::move(text.id),
       .source = std::move(text.source),
       .statement = std::move(text.statement),
       .paper = text.paper.empty() ? "holds" : std::move(text.paper),
       .ours = holds ? 1.0 : 0.0,
       .low = kNan,
       .high = kNan,
       .seeds = seeds,
       .verdict = verdict});
  return verdict;
}

void Claims::Skip(ClaimText text, absl::string_view reason) {
  Add({.id = std::move(text.id),
       .source = std::move(text.source),
       .statement = absl::StrCat(text.statement, " (", reason, ")"),
       .paper = std::move(text.paper),
       .ours = kNan,
       .low = kNan,
       .high = kNan,
       .seeds = 0,
       .verdict = Verdict::kSkipped});
}

int64_t Claims::Count(Verdict verdict) const {
  return std::count_if(
      claims_.begin(), claims_.end(),
      [verdict](const Claim& claim) { return claim.verdict == verdict; });
}

std::vector<Claim> AsIncomplete(std::vector<Claim> claims) {
  for (Claim& claim : claims) {
    claim.statement.append(" (incomplete: the run was stopped)");
    claim.verdict = Verdict::kSkipped;
  }
  return claims;
}

std::string ClaimsToCsv(std::span<const Claim> claims) {
  std::string csv;
  AppendCsvRow(Columns(), &csv);
  for (const Claim& claim : claims) {
    AppendCsvRow({claim.id, claim.source, claim.statement, claim.paper,
                  ExactNumber(claim.ours), ExactNumber(claim.low),
                  ExactNumber(claim.high), absl::StrCat(claim.seeds),
                  std::string(VerdictName(claim.verdict))},
                 &csv);
  }
  return csv;
}

absl::StatusOr<std::vector<Claim>> ParseClaimsCsv(absl::string_view csv) {
  MUSTER_ASSIGN_OR_RETURN(const auto rows, ParseCsv(csv));
  if (rows.empty() || rows[0] != Columns()) {
    return absl::DataLossError(
        absl::StrCat("claims csv row 1: expected the header ",
                     absl::StrJoin(Columns(), ",")));
  }
  std::vector<Claim> claims;
  for (size_t i = 1; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (row.size() != Columns().size()) {
      return absl::DataLossError(absl::StrCat("claims csv row ", i + 1, ": ",
                                              row.size(), " fields; expected ",
                                              Columns().size()));
    }
    Claim claim;
    claim.id = row[0];
    claim.source = row[1];
    claim.statement = row[2];
    claim.paper = row[3];
    MUSTER_ASSIGN_OR_RETURN(claim.ours, ParseNumber(row[4], i + 1, "ours"));
    MUSTER_ASSIGN_OR_RETURN(claim.low, ParseNumber(row[5], i + 1, "low"));
    MUSTER_ASSIGN_OR_RETURN(claim.high, ParseNumber(row[6], i + 1, "high"));
    MUSTER_ASSIGN_OR_RETURN(const double seeds,
                            ParseNumber(row[7], i + 1, "seeds"));
    if (!(seeds >= 0 && seeds <= 1e15 && seeds == std::floor(seeds))) {
      return absl::DataLossError(
          absl::StrCat("claims csv row ", i + 1, ": seeds is '", row[7],
                       "'; expected a whole number of at least 0"));
    }
    claim.seeds = static_cast<int64_t>(seeds);
    const auto* verdict = std::find_if(
        std::begin(kVerdicts), std::end(kVerdicts),
        [&](Verdict v) { return VerdictName(v) == absl::string_view(row[8]); });
    if (verdict == std::end(kVerdicts)) {
      return absl::DataLossError(
          absl::StrCat("claims csv row ", i + 1, ": verdict is '", row[8],
                       "'; expected pass, fail, tie or skipped"));
    }
    claim.verdict = *verdict;
    claims.push_back(std::move(claim));
  }
  return claims;
}

std::string ShortPaper(const Claim& claim) {
  std::vector<std::string> words = absl::StrSplit(claim.paper, ' ');
  for (std::string& word : words) word = ShortWord(std::move(word));
  return absl::StrJoin(words, " ");
}

std::string ClaimsToText(std::span<const Claim> claims) {
  std::vector<std::vector<std::string>> rows = {{"verdict", "claim", "source",
                                                 "paper", "ours", "interval",
                                                 "seeds", "statement"}};
  int64_t counts[4] = {0, 0, 0, 0};
  for (const Claim& claim : claims) {
    ++counts[static_cast<int>(claim.verdict)];
    std::string interval;
    if (!std::isnan(claim.low) && !std::isnan(claim.high)) {
      interval = absl::StrCat("[", ShortNumber(claim.low), ", ",
                              ShortNumber(claim.high), "]");
    }
    rows.push_back({std::string(VerdictName(claim.verdict)), claim.id,
                    claim.source, ShortPaper(claim), ShortNumber(claim.ours),
                    interval, absl::StrCat(claim.seeds), claim.statement});
  }
  std::string text =
      AlignRows(rows, {false, false, false, true, true, true, true, false});
  absl::StrAppend(&text, claims.size(), " claims: ", counts[0], " pass, ",
                  counts[1], " fail, ", counts[2], " tie, ", counts[3],
                  " skipped\n");
  return text;
}

}  // namespace muster::benchmarks
