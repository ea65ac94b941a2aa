"""Trees on which the check of the sources must and must not fail."""

import unittest

from tools.checks import fake_tree, sources

_HEADER = "#ifndef MUSTER_RUNTIME_A_H_\n#define MUSTER_RUNTIME_A_H_\n{}#endif\n"


class SourcesTest(fake_tree.FakeTreeTest):
    check = sources

    def test_accepts_a_plain_tree(self):
        self.assert_finds({
            "runtime/a.h": _HEADER.format("// A comment.\n" * 300),
            "runtime/a.cc": '// A.\n#include "muster/runtime/a.h"\n\n#include <vector>\n',
            "runtime/b.cc": "#include <vector>\n" + "int a;\n" * 499,
            "README.md": "see /usr/include, ../shared/data and //runtime/root:x\n",
        })

    def test_finds_long_files_and_headers(self):
        self.assert_finds(
            {
                "runtime/a.h": _HEADER.format("int a;\n" * 198),
                "runtime/b.py": "a\n" * 501,
            },
            "runtime/a.h: 201 lines of code",
            "runtime/b.py: 501 lines",
        )

    def test_an_exception_is_a_limit_and_must_exist(self):
        exceptions = "# why\nruntime/b.py 600\n"
        self.assert_finds({
            sources._EXCEPTIONS: exceptions,
            "runtime/b.py": "a\n" * 600,
        })
        self.assert_finds(
            {sources._EXCEPTIONS: exceptions, "runtime/b.py": "a\n" * 601}, "601 lines"
        )
        self.assert_finds({sources._EXCEPTIONS: exceptions}, "does not exist")

    def test_finds_wrong_guards_and_first_includes(self):
        self.assert_finds(
            {
                "runtime/a.cc": '#include <vector>\n#include "muster/runtime/a.h"\n',
                "runtime/a.h": "#ifndef A_H\n#define A_H\n#endif\n",
            },
            'the first include must be "muster/runtime/a.h"',
            "the guard must be MUSTER_RUNTIME_A_H_",
        )

    def test_finds_paths_of_one_machine_and_unfinished_lines(self):
        home = "/".join(["", "home", "me", "data"])
        mark = "TO" + "DO"
        self.assert_finds(
            {"README.md": f"cd {home}\n", "runtime/a.cc": f"int a;\n// {mark}: b\n"},
            "README.md:1: a path of one machine",
            "runtime/a.cc:2: unfinished",
        )


if __name__ == "__main__":
    unittest.main()
