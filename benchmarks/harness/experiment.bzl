"""The rule for an experiment: a program, and a test that its --quick runs agree."""

load("//tools:cc.bzl", "muster_cc_binary")

def muster_experiment(name, srcs, deps, **kwargs):
    """A program and <name>_quick_test.

    The test runs the program with --quick for 1, 2, 3 and 8 threads: each run
    must end with exit code 0 (no claim failed), and all must write the same
    bytes.
    """
    muster_cc_binary(
        name = name,
        srcs = srcs,
        visibility = ["//benchmarks:__subpackages__"],
        deps = deps,
        **kwargs
    )
    native.sh_test(
        name = name + "_quick_test",
        size = "medium",
        srcs = ["//benchmarks/harness:quick_test.sh"],
        args = ["$(rootpath :%s)" % name],
        data = [":" + name],
        tags = ["experiment"],
    )
