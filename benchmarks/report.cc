#include "muster/benchmarks/report.h"

#include <array>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "muster/tools/progress.h"

namespace muster::benchmarks {
namespace {

// Rows of a table in the page; its CSV has them all.
constexpr size_t kMaxRows = 200;

// The look: a narrow column of text, wide tables that scroll by themselves, one
// colour per verdict with enough contrast on white (WCAG AA) and a sign.
constexpr absl::string_view kStyle = R"css(
:root { --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --back: #f6f8fa;
  --pass: #116329; --fail: #a40e26; --tie: #7a4e00; --skipped: #59636e; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 20px 80px; }
h1 { font-size: 28px; line-height: 1.2; margin: 8px 0 4px; }
h2 { font-size: 21px; margin: 48px 0 4px; padding-top: 16px;
  border-top: 1px solid var(--line); }
h3 { font-size: 15px; margin: 24px 0 6px; }
p { margin: 6px 0; } .soft { color: var(--soft); }
a { color: #0550ae; text-decoration: none; } a:hover { text-decoration: underline; }
code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: var(--back); border: 1px solid var(--line); border-radius: 6px;
  padding: 8px 12px; overflow-x: auto; margin: 6px 0; }
.chips { display: flex; gap: 12px; flex-wrap: wrap; margin: 20px 0; }
.chip { border: 1px solid var(--line); border-radius: 8px; padding: 8px 18px;
  min-width: 104px; background: #fff; }
.chip b { display: block; font-size: 26px; line-height: 1.2; }
.box { border: 1px solid var(--line); border-left: 4px solid var(--tie);
  border-radius: 6px; padding: 10px 16px; margin: 16px 0; background: #fffdf5; }
.box.bad { border-left-color: var(--fail); background: #fff7f7; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px;
  margin: 8px 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 5px 10px; text-align: left; vertical-align: top;
  border-bottom: 1px solid #eaeef2; }
th { background: var(--back); font-weight: 600; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
td.n, th.n { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
td.v { white-space: nowrap; font-weight: 600; }
th.s { min-width: 22em; }
.pass { color: var(--pass); } .fail { color: var(--fail); }
.tie { color: var(--tie); } .skipped { color: var(--skipped); }
tr.fail td { background: #fff2f2; color: var(--ink); }
tr.fail td.v { color: var(--fail); }
figure { margin: 16px 0; } figure img { max-width: 100%; height: auto;
  border: 1px solid #eaeef2; border-radius: 6px; padding: 8px; }
figcaption { color: var(--soft); font-size: 13.5px; }
details { margin: 8px 0; } summary { cursor: pointer; color: #0550ae; }
@media print { h2 { break-before: page; } figure, tr { break-inside: avoid; } }
)css";

absl::string_view Sign(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "&#10003;";
    case Verdict::kFail:
      return "&#10007;";
    case Verdict::kTie:
      return "=";
    case Verdict::kSkipped:
      return "&#8211;";
  }
  return "";
}

std::string Number(double value) {
  return std::isnan(value) ? "" : absl::StrFormat("%.5g", value);
}

std::string IntervalText(const Claim& claim) {
  if (std::isnan(claim.low) || std::isnan(claim.high)) return "";
  return absl::StrCat("[", Number(claim.low), ", ", Number(claim.high), "]");
}

std::array<int64_t, 4> CountVerdicts(std::span<const Claim> claims) {
  std::array<int64_t, 4> counts = {};
  for (const Claim& claim : claims) ++counts[static_cast<int>(claim.verdict)];
  return counts;
}

void AppendChips(std::span<const Claim> claims, std::string* html) {
  const auto counts = CountVerdicts(claims);
  html->append("<div class=\"chips\">\n");
  for (const Verdict verdict :
       {Verdict::kPass, Verdict::kFail, Verdict::kTie, Verdict::kSkipped}) {
    const absl::string_view name = VerdictName(verdict);
    absl::StrAppend(html, "<div class=\"chip\"><b class=\"", name, "\">",
                    counts[static_cast<int>(verdict)], "</b>", Sign(verdict),
                    " ", name, "</div>\n");
  }
  html->append("</div>\n");
}

void AppendClaims(std::span<const Claim> claims, std::string* html) {
  html->append(
      "<div class=\"scroll\"><table>\n<tr><th>verdict</th><th>claim</th>"
      "<th>source</th><th class=\"s\">statement</th><th class=\"n\">paper</th>"
      "<th class=\"n\">ours</th><th class=\"n\">95 % interval</th>"
      "<th class=\"n\">seeds</th></tr>\n");
  for (const Claim& claim : claims) {
    const absl::string_view verdict = VerdictName(claim.verdict);
    absl::StrAppend(html, "<tr class=\"", verdict, "\"><td class=\"v ", verdict,
                    "\">", Sign(claim.verdict), " ", verdict, "</td><td>",
                    HtmlEscape(claim.id), "</td><td>", HtmlEscape(claim.source),
                    "</td><td>");
    absl::StrAppend(html, HtmlEscape(claim.statement), "</td><td class=\"n\">",
                    HtmlEscape(ShortPaper(claim)), "</td><td class=\"n\">",
                    Number(claim.ours), "</td><td class=\"n\">",
                    IntervalText(claim), "</td><td class=\"n\">", claim.seeds,
                    "</td></tr>\n");
  }
  html->append("</table></div>\n");
}

void AppendTable(const OutcomeTable& table, std::string* html) {
  absl::StrAppend(html, "<details><summary>",
                  HtmlEscape(table.title.empty() ? table.name : table.title),
                  " (", table.rows.size(),
                  " rows)</summary>\n<div class=\"scroll\"><table>\n<tr>");
  const auto cell = [&](absl::string_view tag, size_t column,
                        absl::string_view text) {
    absl::StrAppend(html, "<", tag,
                    table.is_number[column] ? " class=\"n\">" : ">",
                    HtmlEscape(text), "</", tag, ">");
  };
  for (size_t c = 0; c < table.columns.size(); ++c) {
    cell("th", c, table.columns[c]);
  }
  html->append("</tr>\n");
  for (size_t r = 0; r < table.rows.size() && r < kMaxRows; ++r) {
    html->append("<tr>");
    for (size_t c = 0; c < table.columns.size(); ++c) {
      cell("td", c, table.rows[r][c]);
    }
    html->append("</tr>\n");
  }
  html->append("</table></div>\n");
  if (table.rows.size() > kMaxRows) {
    absl::StrAppend(html, "<p class=\"soft\">", table.rows.size() - kMaxRows,
                    " more rows in tables/", HtmlEscape(table.name),
                    ".csv.</p>\n");
  }
  html->append("</details>\n");
}

void AppendFigure(const OutcomeFigure& figure, std::string* html) {
  if (figure.svg.empty()) return;
  // As an image, not inline: the ids inside two figures may be the same.
  absl::StrAppend(html, "<figure><img alt=\"", HtmlEscape(figure.title),
                  "\" src=\"data:image/svg+xml;base64,",
                  absl::Base64Escape(figure.svg), "\">");
  if (!figure.caption.empty()) {
    absl::StrAppend(html, "<figcaption>", HtmlEscape(figure.caption),
                    "</figcaption>");
  }
  html->append("</figure>\n");
}

std::string ErrorText(const Outcome& outcome) {
  if (outcome.exit_code < 0) return "not run: the reproduction was stopped";
  if (!outcome.ok()) {
    return absl::StrCat("ended with exit code ", outcome.exit_code);
  }
  return "";
}

void AppendExperiment(const Outcome& outcome, std::string* html) {
  absl::StrAppend(
      html, "<h2 id=\"", HtmlEscape(outcome.name), "\">",
      HtmlEscape(outcome.name), ": ",
      HtmlEscape(outcome.title.empty() ? outcome.description : outcome.title),
      "</h2>\n<p class=\"soft\">");
  if (!outcome.source.empty()) {
    absl::StrAppend(html, HtmlEscape(outcome.source), " &middot; ");
  }
  absl::StrAppend(html, tools::FormatDuration(outcome.seconds), " min</p>\n");
  const std::string error = ErrorText(outcome);
  if (!error.empty()) {
    absl::StrAppend(html, "<div class=\"box bad\"><b>", HtmlEscape(error),
                    "</b>");
    if (!outcome.last_lines.empty()) {
      absl::StrAppend(html, "<pre>",
                      HtmlEscape(absl::StrJoin(outcome.last_lines, "\n")),
                      "</pre>");
    }
    html->append("</div>\n");
  }
  if (outcome.incomplete) {
    html->append(
        "<div class=\"box bad\"><b>Incomplete:</b> the run was stopped; "
        "--resume continues it.</div>\n");
  }
  if (!outcome.figures_warning.empty()) {
    absl::StrAppend(html, "<div class=\"box\">Figures were not drawn: ",
                    HtmlEscape(outcome.figures_warning), "</div>\n");
  }
  for (const OutcomeFigure& figure : outcome.figures) {
    AppendFigure(figure, html);
  }
  for (const std::string& note : outcome.notes) {
    absl::StrAppend(html, "<p>", HtmlEscape(note), "</p>\n");
  }
  if (!outcome.claims.empty()) AppendClaims(outcome.claims, html);
  for (const OutcomeTable& table : outcome.tables) AppendTable(table, html);
  absl::StrAppend(html, "<p>Run it again:</p><pre>",
                  HtmlEscape(outcome.command), "</pre>\n");
  if (outcome.provenance.empty()) return;
  html->append(
      "<details><summary>Provenance</summary>\n<div class=\"scroll\"><table>");
  for (const auto& [name, value] : outcome.provenance) {
    absl::StrAppend(html, "<tr><td>", HtmlEscape(name), "</td><td><code>",
                    HtmlEscape(value), "</code></td></tr>\n");
  }
  html->append("</table></div></details>\n");
}

// The experiments with the counts of their verdicts.
void AppendContents(std::span<const Outcome> outcomes, std::string* html) {
  html->append(
      "<div class=\"scroll\"><table>\n<tr><th>experiment</th><th>what</th>"
      "<th class=\"n\">pass</th><th class=\"n\">fail</th>"
      "<th class=\"n\">tie</th><th class=\"n\">skipped</th>"
      "<th class=\"n\">time</th></tr>\n");
  for (const Outcome& outcome : outcomes) {
    const auto counts = CountVerdicts(outcome.claims);
    const std::string error = ErrorText(outcome);
    absl::StrAppend(html, "<tr", error.empty() ? "" : " class=\"fail\"",
                    "><td><a href=\"#", HtmlEscape(outcome.name), "\">",
                    HtmlEscape(outcome.name), "</a></td><td>",
                    HtmlEscape(error.empty() ? outcome.description : error),
                    "</td>");
    for (size_t v = 0; v < counts.size(); ++v) {
      absl::StrAppend(html, "<td class=\"n\">");
      if (counts[v] == 0) {
        html->append("&middot;");
      } else {
        absl::StrAppend(html, "<b class=\"",
                        VerdictName(static_cast<Verdict>(v)), "\">", counts[v],
                        "</b>");
      }
      html->append("</td>");
    }
    absl::StrAppend(html, "<td class=\"n\">",
                    tools::FormatDuration(outcome.seconds), "</td></tr>\n");
  }
  html->append("</table></div>\n");
}

}  // namespace

std::string HtmlEscape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"'", "&#39;"}});
}

std::string ReportHtml(const ReportHead& head,
                       std::span<const Outcome> outcomes) {
  const std::vector<Claim> claims = UnionOfClaims(outcomes);
  std::string html = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>",
      HtmlEscape(head.title), "</title>\n<style>", kStyle,
      "</style>\n</head>\n<body>\n<main>\n<h1>", HtmlEscape(head.title),
      "</h1>\n<p class=\"soft\">", HtmlEscape(head.effort), " run &middot; ",
      HtmlEscape(head.begin_utc), " &middot; ",
      tools::FormatDuration(head.wall_seconds), " min</p>\n");
  AppendChips(claims, &html);
  std::vector<Claim> failed;
  for (const Claim& claim : claims) {
    if (claim.verdict == Verdict::kFail) failed.push_back(claim);
  }
  const DataAdvice& missing = head.missing_data;
  if (!missing.fetch_command.empty() || !missing.by_hand.empty()) {
    html.append(
        "<div class=\"box\"><b>Some claims were skipped: data is missing.</b>");
    if (!missing.fetch_command.empty()) {
      absl::StrAppend(&html, " Get it by<pre>",
                      HtmlEscape(missing.fetch_command), "</pre>");
    }
    absl::StrAppend(&html, " ", HtmlEscape(missing.by_hand), "</div>\n");
  }
  if (!failed.empty()) {
    html.append("<h3 class=\"fail\">Claims that failed</h3>\n");
    AppendClaims(failed, &html);
  }
  html.append("<h3>Experiments</h3>\n");
  AppendContents(outcomes, &html);
  absl::StrAppend(
      &html,
      "<p class=\"soft\">pass: the 95 % interval over seeds lies within what "
      "the claim allows. fail: it lies outside. tie: it reaches both, these "
      "seeds do not decide. skipped: not run.</p>\n<p>Make this page "
      "again:</p><pre>",
      HtmlEscape(head.command), "</pre>\n");
  for (const Outcome& outcome : outcomes) AppendExperiment(outcome, &html);
  html.append("</main>\n</body>\n</html>\n");
  return html;
}

}  // namespace muster::benchmarks
