"""The C++ rules of Muster: warnings, language, and the include prefix.

Every header is included as "muster/<package>/<file>.h". Each macro takes the
arguments of the rule it is named after.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

# Set here and not only in .bazelrc, so that they hold when another workspace
# builds Muster. Contraction to fused multiply-adds would change result bits.
_COPTS = [
    "-std=c++20",
    "-ffp-contract=off",
] + select({
    # Only in our own workspace: another compiler's new warning must not break
    # a user's build.
    str(Label("//tools:warnings_are_errors")): [
        "-Wall",
        "-Wextra",
        "-Werror",
    ],
    "//conditions:default": [],
})

def muster_cc_library(name, copts = [], **kwargs):
    """A library whose headers are found under muster/<package>/."""
    cc_library(
        name = name,
        copts = _COPTS + copts,
        include_prefix = "muster/" + native.package_name(),
        **kwargs
    )

def muster_cc_binary(name, copts = [], **kwargs):
    """A program."""
    cc_binary(
        name = name,
        copts = _COPTS + copts,
        **kwargs
    )

def muster_cc_test(name, copts = [], deps = [], size = "small", main = True, **kwargs):
    """A GoogleTest program; main = False when its sources bring their own."""
    gtest = "@com_google_googletest//:" + ("gtest_main" if main else "gtest")
    cc_test(
        name = name,
        size = size,
        copts = _COPTS + copts,
        deps = deps + ([] if gtest in deps else [gtest]),
        **kwargs
    )

def muster_cc_benchmark(
        name,
        copts = [],
        deps = [],
        data = [],
        tags = [],
        main = True,
        smoke_args = [],
        smoke_timeout = "moderate",
        **kwargs):
    """A Google Benchmark program, and <name>_smoke_test that runs it once.

    The smoke test has the tags "benchmark_smoke" and "manual": CI runs it, a
    plain `bazel test //...` does not. smoke_args, for instance
    ["--benchmark_filter=/1000$"], keeps it short. //benchmarks:regression may
    run it (benchmarks/microbenchmarks.bzl).
    """
    kwargs.setdefault("visibility", ["//benchmarks:__pkg__"])
    library = "@com_github_google_benchmark//:benchmark" + ("_main" if main else "")
    cc_binary(
        name = name,
        testonly = True,
        copts = _COPTS + copts,
        data = data,
        tags = ["benchmark"] + tags,
        deps = deps + ([] if library in deps else [library]),
        **kwargs
    )
    native.sh_test(
        name = name + "_smoke_test",
        timeout = smoke_timeout,
        srcs = [Label("//tools:smoke.sh")],
        args = ["$(rootpath :%s)" % name] + smoke_args,
        data = [":" + name] + data,
        tags = ["benchmark_smoke", "manual"] + tags,
    )

def muster_cc_fuzzer(name, srcs, deps = [], copts = [], tags = [], **kwargs):
    """A fuzz target (runtime/fuzz_target.h): <name>, and <name>_test.

    <name> is a program of Clang's libFuzzer, for --config=fuzz alone; CI's row
    "fuzz" builds and runs all of them. <name>_test runs the target's seeds and
    mutations of them in any build.
    """
    target = Label("//runtime:fuzz_target")
    all_deps = deps + ([] if "//runtime:fuzz_target" in deps else [target])
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        copts = _COPTS + copts,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["fuzzer", "manual"] + tags,
        deps = all_deps,
        **kwargs
    )
    muster_cc_test(
        name = name + "_test",
        srcs = srcs,
        copts = copts,
        tags = tags,
        deps = all_deps + [Label("//runtime:fuzz_target_test_main")],
        **kwargs
    )
