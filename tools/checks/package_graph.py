"""Checks that packages use only the packages they may use.

That models, allocation, scheduling and dispatch know the runtime and not one
another is what makes each of them usable alone. Labels in BUILD files (of
tests too) and #include lines are both looked at.
"""

import re

from tools.checks import build_file, check

_MODULES = {"models", "allocation", "scheduling", "dispatch"}

# Top-level package -> what it may use besides itself.
ALLOWED = {
    "": set(),
    "third_party": set(),
    "runtime": set(),
    **{module: {"runtime"} for module in _MODULES},
    "tools": {"", "third_party", "runtime"} | _MODULES,
    "benchmarks": {"", "runtime", "tools"} | _MODULES,
}

_NOT_DEPENDENCIES = {"visibility", "default_visibility", "packages", "tags", "args"}
_INCLUDE = re.compile(r'^\s*#\s*include\s+["<]muster/([^/">]+)/', re.MULTILINE)


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value) + list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _edges(tree):
    """Yields (from, to, where) for every use of another top-level package."""
    for rule in tree.rules:
        source = rule.package.split("/")[0]
        for attribute, value in rule.attributes.items():
            if attribute in _NOT_DEPENDENCIES:
                continue
            for text in _strings(value):
                if re.match(r"(@muster)?//", text):
                    label = build_file.Label.parse(text, rule.package)
                    yield source, label.package.split("/")[0], f"{rule.label} names {text}"
    for file in tree.files:
        if file.endswith((".h", ".cc")):
            for target in _INCLUDE.findall(tree.text(file)):
                yield file.split("/")[0], target, f"{file} includes muster/{target}/..."


def findings(tree):
    for source, target, where in sorted(set(_edges(tree))):
        if source == target:
            continue
        if source not in ALLOWED:
            yield (
                f"{where}: package {source} has no line in ALLOWED of "
                "tools/checks/package_graph.py"
            )
        elif target not in ALLOWED[source]:
            may = ", ".join(sorted(f"//{name}" for name in ALLOWED[source] if name))
            yield f"{where}: //{source} may use {may or 'no other package'}"


if __name__ == "__main__":
    check.main(findings)
