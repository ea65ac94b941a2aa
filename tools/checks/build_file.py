"""Reads the BUILD files of a tree without Bazel.

BUILD files are, word for word, Python: each is run with every rule and macro
replaced by a function that records its arguments. So a check sees the targets
as they are written, before macros are expanded, in a fraction of a second.
"""

import ast
import dataclasses
import os
import pathlib

_SKIPPED_FOLDERS = {".git", "out", "__pycache__", "testdata"}


@dataclasses.dataclass(frozen=True)
class Label:
    """A target: repository ("" is this one), package, and name."""

    repository: str
    package: str
    name: str

    @staticmethod
    def parse(text, package):
        """Reads a label as written in a BUILD file of `package`."""
        repository = ""
        if text.startswith("@"):
            repository, _, rest = text[1:].partition("//")
            if repository == "muster":
                repository = ""
            elif "//" not in text:
                return Label(repository, "", repository)
            text = "//" + rest
        if text.startswith("//"):
            package, _, name = text[2:].partition(":")
            return Label(repository, package, name or package.rsplit("/", 1)[-1])
        return Label(repository, package, text.lstrip(":"))

    def __str__(self):
        repository = f"@{self.repository}" if self.repository else ""
        return f"{repository}//{self.package}:{self.name}"


@dataclasses.dataclass
class Rule:
    """A call in a BUILD file: `kind(name = ..., attributes...)`."""

    kind: str
    package: str
    attributes: dict

    @property
    def name(self):
        return self.attributes.get("name", "")

    @property
    def label(self):
        return Label("", self.package, self.name)

    def strings(self, attribute):
        """Returns a list attribute as its strings, [] when it is absent."""
        value = self.attributes.get(attribute) or []
        return [value] if isinstance(value, str) else list(value)

    def labels(self, attribute):
        return [Label.parse(text, self.package) for text in self.strings(attribute)]


def _select(branches):
    """Every branch of a select at once: a check must hold for each."""
    values = list(branches.values())
    if all(isinstance(value, list) for value in values):
        return [item for value in values for item in value]
    return values[0]


def read_build_file(path, package):
    """Returns the rules of one BUILD file, in the order written."""
    rules = []
    tree = ast.parse(path.read_text(), str(path))

    def recorder(kind):
        def record(*positional, **attributes):
            if positional:  # as in exports_files([...])
                attributes["srcs"] = positional[0]
            rules.append(Rule(kind, package, attributes))
            return []

        return record

    def glob(patterns, **_):
        found = {p for pattern in patterns for p in path.parent.glob(pattern)}
        return sorted(str(p.relative_to(path.parent)) for p in found)

    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names[node.func.id] = recorder(node.func.id)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load":
            for symbol in node.args[1:]:
                # A loaded constant or macro; as a call it is recorded above.
                names.setdefault(ast.literal_eval(symbol), [])
    names.update(
        select=_select,
        glob=glob,
        load=lambda *_, **__: None,
        package_name=lambda: package,
        __builtins__={"len": len, "range": range, "str": str},
    )
    exec(compile(tree, str(path), "exec"), names)
    return rules


class Tree:
    """A workspace: its files and the rules of its BUILD files."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = sorted(self._walk())  # relative to the root, with "/"
        self.rules = []
        self.packages = set()
        for file in self.files:
            folder, _, base = file.rpartition("/")
            if base in ("BUILD", "BUILD.bazel"):
                self.packages.add(folder)
                self.rules += read_build_file(self.root / file, folder)

    def _walk(self):
        ignored = set()
        ignore_file = self.root / ".bazelignore"
        if ignore_file.exists():
            ignored = set(ignore_file.read_text().split())
        for folder, subfolders, names in os.walk(self.root):
            prefix = os.path.relpath(folder, self.root)
            prefix = "" if prefix == "." else prefix + "/"
            subfolders[:] = [
                name
                for name in subfolders
                if name not in _SKIPPED_FOLDERS
                and prefix + name not in ignored
                and not (prefix == "" and name.startswith("bazel-"))
            ]
            yield from (prefix + name for name in names)

    def package_of(self, file):
        """Returns the innermost package that holds a file, None without."""
        folder = file
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if folder in self.packages:
                return folder
        return "" if "" in self.packages else None

    def text(self, file):
        return (self.root / file).read_text(errors="replace")
