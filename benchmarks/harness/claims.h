#ifndef MUSTER_BENCHMARKS_HARNESS_CLAIMS_H_
#define MUSTER_BENCHMARKS_HARNESS_CLAIMS_H_

// Claims of a paper (or of ours) and the verdicts that a run gives on them.
//
// A judge takes one value per seed and compares the 95 % interval of their
// mean with what the claim allows:
//
//   pass  the whole interval is allowed
//   fail  the whole interval is outside
//   tie   the interval reaches both: these seeds do not decide
//
// With one seed there is no interval: the value alone decides. A NaN anywhere
// fails, and so does an infinite value among several: their mean has no
// interval. `skipped` is for what could not be run (data missing, interrupted).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

enum class Verdict {
  kPass,     // shown as "pass"
  kFail,     // "fail"; the experiment's exit code is 2
  kTie,      // "tie": the seeds do not decide
  kSkipped,  // "skipped": not run; the statement says why
};

absl::string_view VerdictName(Verdict verdict);

// One row of claims.csv.
struct Claim {
  std::string id = {};  // unique within an experiment, e.g. "T1.n51.ATA.time"
  std::string source = {};     // e.g. "Table 1"
  std::string statement = {};  // e.g. "ATA's runtime against GTA's at n = 51"
  std::string paper = {};      // the published value or the bound, as text
  double ours = 0;             // NaN: no number (prints as an empty field)
  double low = 0;  // interval of ours; NaN with fewer than two seeds
  double high = 0;
  int64_t seeds = 0;
  Verdict verdict = Verdict::kSkipped;
};

// What a claim says; the judge adds the numbers.
struct ClaimText {
  std::string id = {};
  std::string source = {};
  std::string statement = {};
  // Replaces the judge's own text of the published value or bound. For
  // instance "27x" where the judge would print ">= 27".
  std::string paper = {};
};

// Append-only list. Not thread-safe. CHECKs that ids are unique and not empty.
class Claims {
 public:
  // A claim judged by the caller.
  void Add(Claim claim);

  // Mean of ours within relative_tolerance of the published number:
  // |ours - paper| <= relative_tolerance · |paper|.
  Verdict JudgeNear(ClaimText text, double paper, std::span<const double> ours,
                    double relative_tolerance);

  // a < b on the paired differences b - a over seeds (same seed, same index);
  // `ours` is the mean difference. Tie when its interval contains 0.
  Verdict JudgeLess(ClaimText text, std::span<const double> a,
                    std::span<const double> b);

  // Mean of ours <= bound, >= bound, within [low, high].
  Verdict JudgeAtMost(ClaimText text, std::span<const double> ours,
                      double bound);
  Verdict JudgeAtLeast(ClaimText text, std::span<const double> ours,
                       double bound);
  Verdict JudgeBetween(ClaimText text, std::span<const double> ours, double low,
                       double high);

  // Every seed's value equals the published one, to the bit.
  Verdict JudgeExact(ClaimText text, double paper,
                     std::span<const double> ours);

  // A property that holds or not (an order of five policies, equal bytes) of
  // `seeds` >= 1 (CHECKed) runs together.
  Verdict JudgeTrue(ClaimText text, bool holds, int64_t seeds = 1);

  // Not run; `reason` is appended to the statement in parentheses.
  void Skip(ClaimText text, absl::string_view reason);

  const std::vector<Claim>& all() const { return claims_; }
  int64_t Count(Verdict verdict) const;

 private:
  Verdict Judge(ClaimText text, absl::string_view bound_text,
                std::span<const double> ours, double low, double high);

  std::vector<Claim> claims_;
};

// The claims of a run that did not end: every verdict becomes `skipped` and
// the statements say so. Numbers stay.
std::vector<Claim> AsIncomplete(std::vector<Claim> claims);

// claims.csv: the header
// `id,source,statement,paper,ours,low,high,seeds,verdict` and one line per
// claim. Numbers are the shortest text that reads back to the same double.
// ParseClaimsCsv reads it back; errors name the line.
std::string ClaimsToCsv(std::span<const Claim> claims);
absl::StatusOr<std::vector<Claim>> ParseClaimsCsv(absl::string_view csv);

// `paper` for people: each number in it, set off by spaces, with at most six
// significant digits. The CSV keeps all.
std::string ShortPaper(const Claim& claim);

// An aligned table for people, our column beside the paper's, and a last line
// that counts the verdicts.
std::string ClaimsToText(std::span<const Claim> claims);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_CLAIMS_H_
