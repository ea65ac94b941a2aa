"""Checks that each C++ target names as direct deps what its files include.

System headers are found without a dep, so in this workspace the compiler
cannot notice a missing one; a user of the pinned archives would. The check
also finds deps that no file of the target uses, headers and sources that are
in no target, and deps out of order.
"""

import re

from tools.checks import build_file, check

_CC_KINDS = re.compile(r"(muster_)?cc_(library|test|binary|benchmark)$")
_INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
# What the macros of tools/cc.bzl add by themselves.
_IMPLICIT = {
    "muster_cc_test": {"@com_google_googletest//:gtest_main"},
    "muster_cc_benchmark": {"@com_github_google_benchmark//:benchmark_main"},
}
# First folder (or whole name) of a header -> the labels that provide it.
_PROVIDERS = {
    "Eigen": {"@eigen//:eigen"},
    "benchmark": {
        "@com_github_google_benchmark//:benchmark",
        "@com_github_google_benchmark//:benchmark_main",
    },
    "gflags": {"@com_github_gflags_gflags//:gflags"},
    "gmock": {
        "@com_google_googletest//:gtest",
        "@com_google_googletest//:gtest_main",
    },
    "gtest": {
        "@com_google_googletest//:gtest",
        "@com_google_googletest//:gtest_main",
    },
    "lemon": {"@lemon//:lemon"},
    "linear.h": {"@liblinear//:liblinear"},
    "nanoflann.hpp": {"@nanoflann//:nanoflann"},
    "nlohmann": {"@nlohmann_json//:json"},
    "oneapi": {"@onetbb//:tbb"},
    "tbb": {"@onetbb//:tbb"},
    "zlib.h": {"@zlib//:zlib"},
}
_SYSTEM_FOLDERS = {"arpa", "linux", "net", "netinet", "sanitizer", "sys"}
# Packages of Abseil with a target for each header; the others have one target
# of the package's name, but for those listed.
_ABSL_TARGET_PER_HEADER = {
    "absl/algorithm",
    "absl/debugging",
    "absl/functional",
    "absl/meta",
    "absl/numeric",
    "absl/status",
    "absl/types",
}
_ABSL_TARGETS = {
    "absl/base/attributes.h": "core_headers",
    "absl/base/config.h": "config",
    "absl/base/const_init.h": "core_headers",
    "absl/base/macros.h": "core_headers",
    "absl/base/optimization.h": "core_headers",
    "absl/base/port.h": "core_headers",
    "absl/base/thread_annotations.h": "core_headers",
    "absl/container/btree_map.h": "btree",
    "absl/container/btree_set.h": "btree",
    "absl/container/fixed_array.h": "fixed_array",
    "absl/container/flat_hash_map.h": "flat_hash_map",
    "absl/container/flat_hash_set.h": "flat_hash_set",
    "absl/container/inlined_vector.h": "inlined_vector",
    "absl/container/node_hash_map.h": "node_hash_map",
    "absl/container/node_hash_set.h": "node_hash_set",
    "absl/strings/cord.h": "cord",
    "absl/strings/str_format.h": "str_format",
}


def _absl_provider(header):
    """Returns the label of the Abseil target that owns a header."""
    package, _, base = header.rpartition("/")
    if package in _ABSL_TARGET_PER_HEADER:
        target = base[: -len(".h")]
    else:
        target = _ABSL_TARGETS.get(header, package.rpartition("/")[-1])
    return f"@com_google_absl//{package}:{target}"


class _Targets:
    """The C++ targets of a tree and who provides which header."""

    def __init__(self, tree):
        self.rules = [rule for rule in tree.rules if _CC_KINDS.match(rule.kind)]
        self.by_label = {str(rule.label): rule for rule in tree.rules if rule.name}
        self.owners = {}  # header -> labels of the targets with it in hdrs
        for rule in self.rules:
            for label in rule.labels("hdrs"):
                header = f"{label.package}/{label.name}"
                self.owners.setdefault(header, set()).add(str(rule.label))

    def exported(self, label):
        """Returns a label with those it stands for: an alias's actual target,
        the deps of a library without files of its own."""
        rule = self.by_label.get(label)
        result = {label}
        if rule is None:
            return result
        if rule.kind == "alias":
            inner = rule.labels("actual")
        elif _CC_KINDS.match(rule.kind) and not rule.strings("srcs") + rule.strings("hdrs"):
            inner = rule.labels("deps")
        else:
            return result
        for dep in inner:
            result |= self.exported(str(dep))
        return result


def _coin_provider(header):
    """Returns the label that owns a header of COIN-OR; all lie in one folder."""
    is_cbc = re.match(r"coin/(Osi)?Cbc", header)
    return "@cbc//:cbc" if is_cbc else "@clp//:clp"


def _canonical(label):
    text = str(label)
    return "@onetbb//:tbb" if text == "@onetbb//:onetbb" else text


def _includes(tree, rule):
    """Yields (file, opening quote, header) for the files of a target."""
    for label in rule.labels("hdrs") + rule.labels("srcs"):
        file = f"{label.package}/{label.name}".lstrip("/")
        if file.endswith((".h", ".cc", ".inc")) and (tree.root / file).exists():
            for quote, header in _INCLUDE.findall(tree.text(file)):
                yield file, quote, header


def _providers(targets, rule, quote, header):
    """Returns (labels that provide a header, error). Neither: the system's."""
    first = header.split("/")[0]
    if first == "muster":
        path = header[len("muster/") :]
        own = {f"{l.package}/{l.name}" for l in rule.labels("hdrs") + rule.labels("srcs")}
        if path in own:
            return None, None
        if path not in targets.owners:
            return None, f"{header} is in the hdrs of no target"
        return targets.owners[path], None
    if first == "absl":
        return {_absl_provider(header)}, None
    if first == "coin":
        return {_coin_provider(header)}, None
    if first in _PROVIDERS:
        return _PROVIDERS[first], None
    if quote == '"':
        return None, f'"{header}": write "muster/<package>/{header}"'
    if "/" in header and first not in _SYSTEM_FOLDERS:
        return None, f"<{header}> is of no library in third_party"
    return None, None


def _check_target(tree, targets, rule):
    written = {_canonical(dep) for dep in rule.labels("deps")}
    main = rule.attributes.get("main", True)
    implicit = _IMPLICIT.get(rule.kind, set())
    if not main:
        implicit = {label.replace("_main", "") for label in implicit}
    standing_for = {dep: targets.exported(dep) for dep in written | implicit}
    available = set().union(*standing_for.values())
    used = set()
    for file, quote, header in _includes(tree, rule):
        providers, error = _providers(targets, rule, quote, header)
        if error:
            yield f"{file} of {rule.label}: {error}"
        elif providers and not providers & available:
            yield f"{rule.label}: {file} includes {header}; add a dep on " + " or ".join(
                sorted(providers)
            )
        elif providers:
            used |= providers
    if rule.strings("srcs") or rule.strings("hdrs"):
        for dep in sorted(written):
            if not dep.endswith("_main") and not standing_for[dep] & used:
                yield f"{rule.label}: no file includes a header of the dep {dep}"


def _order(text):
    """The key by which deps are sorted: own package, this repository, others."""
    return (0 if text.startswith(":") else 1 if text.startswith("//") else 2, text)


def _check_order(rule):
    for attribute in ("deps", "hdrs", "srcs", "data"):
        texts = rule.strings(attribute)
        if texts != sorted(texts, key=_order):
            yield f"{rule.label}: {attribute} are not sorted"
        if len(texts) != len(set(texts)):
            yield f"{rule.label}: {attribute} name something twice"


def _check_orphans(tree):
    listed = set()
    for rule in tree.rules:
        for attribute in ("srcs", "hdrs", "data", "main"):
            for label in rule.labels(attribute):
                listed.add(f"{label.package}/{label.name}".lstrip("/"))
        if rule.kind == "exports_files":
            listed |= {f"{rule.package}/{name}" for name in rule.strings("srcs")}
    for file in tree.files:
        if file.endswith((".h", ".cc", ".inc", ".py")) and file not in listed:
            yield f"{file} is in no target of a BUILD file"


def findings(tree):
    targets = _Targets(tree)
    for rule in targets.rules:
        yield from _check_target(tree, targets, rule)
        yield from _check_order(rule)
    yield from _check_orphans(tree)


if __name__ == "__main__":
    check.main(findings)
