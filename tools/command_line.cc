#include "muster/tools/command_line.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "muster/runtime/status_macros.h"

namespace muster::tools {
namespace {

using Flags = std::vector<gflags::CommandLineFlagInfo>;

// Insertions, deletions and changes of a letter that lead from a to b.
int64_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, changed});
    }
  }
  return row.back();
}

// "--a, --b", for messages.
std::string WithDashes(const std::vector<std::string>& names,
                       absl::string_view separator) {
  return absl::StrJoin(names, separator, [](std::string* out, const auto& n) {
    absl::StrAppend(out, "--", n);
  });
}

absl::Status UnknownFlag(absl::string_view name, const Flags& flags) {
  std::vector<std::string> known;
  for (const auto& flag : flags) known.push_back(flag.name);
  const std::vector<std::string> near = NearestNames(name, known);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown flag --", name, "; ",
      near.empty()
          ? ""
          : absl::StrCat("did you mean ", WithDashes(near, " or "), "? "),
      "--help lists all flags"));
}

absl::string_view TypeInWords(absl::string_view type) {
  if (type == "bool") return "true or false";
  if (type == "double") return "a number";
  if (type == "uint64" || type == "uint32") {
    return "a whole number of at least 0";
  }
  if (absl::StartsWith(type, "int")) return "a whole number";
  return "text";
}

Flags::const_iterator Find(const Flags& flags, absl::string_view name) {
  return std::find_if(flags.begin(), flags.end(), [&](const auto& flag) {
    return absl::string_view(flag.name) == name;
  });
}

// A flag as written in an argument, and its value if that is there as well.
struct WrittenFlag {
  std::string name = {};
  bool has_value = false;
  std::string value = {};
};

absl::StatusOr<WrittenFlag> ReadArgument(absl::string_view argument,
                                         const Flags& flags) {
  absl::string_view text = argument;
  if (!absl::ConsumePrefix(&text, "-")) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", argument,
                     "'; flags begin with --, --help lists them"));
  }
  absl::ConsumePrefix(&text, "-");
  const std::vector<std::string> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  WrittenFlag written{.name = parts[0], .has_value = parts.size() == 2};
  std::replace(written.name.begin(), written.name.end(), '-', '_');
  if (written.has_value) written.value = parts[1];
  if (Find(flags, written.name) == flags.end() && !written.has_value &&
      absl::StartsWith(written.name, "no")) {
    const auto positive =
        Find(flags, absl::string_view(written.name).substr(2));
    if (positive != flags.end() && positive->type == "bool") {
      written = {.name = positive->name, .has_value = true, .value = "false"};
    }
  }
  return written;
}

absl::StatusOr<bool> Parse(int argc, const char* const* argv,
                           const std::vector<std::string>* allowed,
                           absl::string_view command) {
  const Flags flags = ProgramFlags();
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-help" || argument == "-h") {
      return true;
    }
    MUSTER_ASSIGN_OR_RETURN(WrittenFlag written, ReadArgument(argument, flags));
    const auto flag = Find(flags, written.name);
    if (flag == flags.end()) return UnknownFlag(written.name, flags);
    if (allowed != nullptr && std::find(allowed->begin(), allowed->end(),
                                        flag->name) == allowed->end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", flag->name, " does not go with ", command,
                       ", which takes ", WithDashes(*allowed, ", ")));
    }
    if (!written.has_value) {
      if (flag->type == "bool") {
        written.value = "true";
      } else if (i + 1 < argc) {
        written.value = argv[++i];
      } else {
        return absl::InvalidArgumentError(absl::StrCat(
            "--", flag->name, ": no value; write --", flag->name, "=VALUE"));
      }
    }
    if (gflags::SetCommandLineOption(flag->name.c_str(), written.value.c_str())
            .empty()) {
      return InvalidFlag(flag->name, written.value, TypeInWords(flag->type),
                         absl::StrCat("for instance --", flag->name, "=",
                                      flag->default_value));
    }
  }
  return false;
}

}  // namespace

Flags ProgramFlags() {
  Flags flags;
  gflags::GetAllFlags(&flags);
  flags.erase(std::remove_if(flags.begin(), flags.end(),
                             [](const gflags::CommandLineFlagInfo& flag) {
                               return absl::StrContains(flag.filename,
                                                        "gflags");
                             }),
              flags.end());
  std::sort(flags.begin(), flags.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return flags;
}

absl::StatusOr<bool> ParseFlags(int argc, const char* const* argv) {
  return Parse(argc, argv, nullptr, "");
}

absl::StatusOr<bool> ParseFlags(int argc, const char* const* argv,
                                const std::vector<std::string>& allowed,
                                absl::string_view command) {
  return Parse(argc, argv, &allowed, command);
}

absl::Status InvalidFlag(absl::string_view name, absl::string_view value,
                         absl::string_view bound, absl::string_view mend) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, "=", value, ": must be ", bound, "; ", mend));
}

std::vector<std::string> NearestNames(absl::string_view name,
                                      const std::vector<std::string>& known) {
  std::vector<std::string> near;
  for (const std::string& other : known) {
    if (EditDistance(name, other) <= 2 ||
        (name.size() >= 3 && absl::StartsWith(other, name))) {
      near.push_back(other);
    }
  }
  return near;
}

std::string FlagHelp(const gflags::CommandLineFlagInfo& flag) {
  const std::string value =
      flag.type == "bool" ? "" : absl::StrCat("=", flag.type);
  const std::string head = absl::StrCat("  --", flag.name, value);
  const size_t width = 26;
  return absl::StrCat(
      head,
      head.size() < width ? std::string(width - head.size(), ' ')
                          : "\n" + std::string(width, ' '),
      flag.description,
      " (default: ", flag.default_value.empty() ? "\"\"" : flag.default_value,
      ")\n");
}

}  // namespace muster::tools
