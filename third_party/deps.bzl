"""The libraries of Muster, one entry each. See README.md for the two modes."""

load("//third_party:repo.bzl", "third_party_archive")
load("//third_party/system/absl:targets.bzl", "ABSL_TARGETS", "absl_modules")

def _library(name, **kwargs):
    # A definition made earlier by the user's own WORKSPACE wins.
    if not native.existing_rule(name):
        third_party_archive(name = name, **kwargs)

def _stub(path):
    return Label("//third_party/system:" + path)

def libraries_without_module(declare):
    """Declares the libraries that the Bazel registry lacks, or has too new.

    Args:
      declare: called with the arguments of third_party_archive for each.
    """
    declare(
        name = "clp",
        debian_package = "coinor-libclp-dev",
        system_header = "/usr/include/coin/ClpSimplex.hpp",
        system_files = {_stub("clp.BUILD"): "BUILD.bazel"},
    )
    declare(
        name = "cbc",
        debian_package = "coinor-libcbc-dev",
        system_header = "/usr/include/coin/CbcModel.hpp",
        system_files = {_stub("cbc.BUILD"): "BUILD.bazel"},
    )
    declare(
        name = "lemon",
        url = "http://lemon.cs.elte.hu/pub/sources/lemon-1.3.1.tar.gz",
        sha256 = "71b7c725f4c0b4a8ccb92eb87b208701586cf7a96156ebd821ca3ed855bad3c8",
        strip_prefix = "lemon-1.3.1",
        archive_build = Label("//third_party:lemon_archive.BUILD"),
        debian_package = "liblemon-dev",
        system_header = "/usr/include/lemon/core.h",
        system_files = {_stub("lemon.BUILD"): "BUILD.bazel"},
    )
    declare(
        name = "nanoflann",
        url = "https://github.com/jlblancoc/nanoflann/archive/refs/tags/v1.4.3.tar.gz",
        sha256 = "cbcecf22bec528a8673a113ee9b0e134f91f1f96be57e913fa1f74e98e4449fa",
        strip_prefix = "nanoflann-1.4.3",
        archive_build = Label("//third_party:nanoflann_archive.BUILD"),
        debian_package = "libnanoflann-dev",
        system_header = "/usr/include/nanoflann.hpp",
        system_files = {_stub("nanoflann.BUILD"): "BUILD.bazel"},
    )
    declare(
        name = "liblinear",
        url = "https://www.csie.ntu.edu.tw/~cjlin/liblinear/oldfiles/liblinear-2.30.tar.gz",
        sha256 = "881c7039c6cf93119c781fb56263de91617b3eca8c3951f2c19a3797de95c6ac",
        strip_prefix = "liblinear-2.30",
        archive_build = Label("//third_party:liblinear_archive.BUILD"),
        debian_package = "liblinear-dev",
        system_header = "/usr/include/linear.h",
        system_files = {_stub("liblinear.BUILD"): "BUILD.bazel"},
    )

def muster_deps():
    """Declares every library that Muster's packages, tests and benchmarks use."""
    libraries_without_module(_library)
    _library(
        name = "com_google_absl",
        url = "https://github.com/abseil/abseil-cpp/archive/refs/tags/20220623.1.tar.gz",
        sha256 = "91ac87d30cc6d79f9ab974c51874a704de9c2647c40f6932597329a282217ba8",
        strip_prefix = "abseil-cpp-20220623.1",
        debian_package = "libabsl-dev",
        system_header = "/usr/include/absl/base/config.h",
        system_files = {
            Label("//third_party/system/absl:root.BUILD"): "BUILD.bazel",
            Label("//third_party/system/absl:targets.bzl"): "targets.bzl",
        },
        system_modules = absl_modules(),
        system_package_stub = Label("//third_party/system/absl:package.BUILD"),
        system_packages = ABSL_TARGETS.keys(),
    )
    _library(
        name = "eigen",
        url = "https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.zip",
        sha256 = "1ccaabbfe870f60af3d6a519c53e09f3dcf630207321dffa553564a8e75c4fc8",
        strip_prefix = "eigen-3.4.0",
        archive_build = _stub("eigen.BUILD"),
        debian_package = "libeigen3-dev",
        system_header = "/usr/include/eigen3/Eigen/Core",
        system_files = {_stub("eigen.BUILD"): "BUILD.bazel"},
        system_folders = {"/usr/include/eigen3/Eigen": "Eigen"},
    )
    _library(
        name = "onetbb",
        url = "https://github.com/oneapi-src/oneTBB/archive/refs/tags/v2021.10.0.tar.gz",
        sha256 = "487023a955e5a3cc6d3a0d5f89179f9b6c0ae7222613a7185b0227ba0c83700b",
        strip_prefix = "oneTBB-2021.10.0",
        debian_package = "libtbb-dev",
        system_header = "/usr/include/oneapi/tbb/version.h",
        system_files = {_stub("onetbb.BUILD"): "BUILD.bazel"},
    )
    _library(
        name = "com_google_googletest",
        url = "https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz",
        sha256 = "81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2",
        strip_prefix = "googletest-release-1.12.1",
        debian_package = "libgmock-dev",
        system_header = "/usr/include/gmock/gmock.h",
        system_files = {_stub("googletest.BUILD"): "BUILD.bazel"},
    )
    _library(
        name = "com_github_google_benchmark",
        url = "https://github.com/google/benchmark/archive/refs/tags/v1.8.2.tar.gz",
        sha256 = "2aab2980d0376137f969d92848fbb68216abb07633034534fc8c65cc4e7a0e93",
        strip_prefix = "benchmark-1.8.2",
        debian_package = "libbenchmark-dev",
        system_header = "/usr/include/benchmark/benchmark.h",
        system_files = {_stub("benchmark.BUILD"): "BUILD.bazel"},
    )
    _library(
        name = "com_github_gflags_gflags",
        url = "https://github.com/gflags/gflags/archive/refs/tags/v2.2.2.tar.gz",
        sha256 = "34af2f15cf7367513b352bdcd2493ab14ce43692d2dcd9dfc499492966c64dcf",
        strip_prefix = "gflags-2.2.2",
        debian_package = "libgflags-dev",
        system_header = "/usr/include/gflags/gflags.h",
        system_files = {_stub("gflags.BUILD"): "BUILD.bazel"},
    )
    _library(
        name = "zlib",
        url = "https://github.com/madler/zlib/releases/download/v1.2.13/zlib-1.2.13.tar.gz",
        sha256 = "b3a24de97a8fdbc835b9833169501030b8977031bcb54b3b3ac13740f846ab30",
        strip_prefix = "zlib-1.2.13",
        archive_build = Label("//third_party:zlib_archive.BUILD"),
        debian_package = "zlib1g-dev",
        system_header = "/usr/include/zlib.h",
        system_files = {_stub("zlib.BUILD"): "BUILD.bazel"},
    )
    _library(
        name = "nlohmann_json",
        url = "https://github.com/nlohmann/json/archive/refs/tags/v3.11.2.tar.gz",
        sha256 = "d69f9deb6a75e2580465c6c4c5111b89c4dc2fa94e3a85fcd2ffcd9a143d9273",
        strip_prefix = "json-3.11.2",
        archive_build = Label("//third_party:nlohmann_json_archive.BUILD"),
        debian_package = "nlohmann-json3-dev",
        system_header = "/usr/include/nlohmann/json.hpp",
        system_files = {_stub("nlohmann_json.BUILD"): "BUILD.bazel"},
    )

    # Only the archive of Abseil loads it.
    _library(
        name = "bazel_skylib",
        url = "https://github.com/bazelbuild/bazel-skylib/releases/download/1.3.0/bazel-skylib-1.3.0.tar.gz",
        sha256 = "74d544d96f4a5bb630d465ca8bbcfe231e3594e5aae57e1edbf17a6eb3ca2506",
    )
