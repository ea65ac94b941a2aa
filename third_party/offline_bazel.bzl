"""What Debian's Bazel 4.2.3 lacks to build C++ without a network.

Its own toolchain packages load @rules_cc and @rules_java, and every test wants
@remote_coverage_tools; it would download all three. Each is a few lines here.
Bazel 5 and later do not need this macro.
"""

def _stub_repository_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    for label, path in ctx.attr.files.items():
        ctx.symlink(label, path)

_stub_repository = repository_rule(
    implementation = _stub_repository_impl,
    attrs = {"files": attr.label_keyed_string_dict(doc = "file -> its path")},
)

def offline_bazel():
    """Call first in WORKSPACE: the first definition of a repository wins."""
    _stub_repository(
        name = "rules_cc",
        files = {
            Label("//third_party/system/rules_cc:package.BUILD"): "cc/BUILD",
            Label("//third_party/system/rules_cc:defs.bzl.tpl"): "cc/defs.bzl",
        },
    )
    _stub_repository(
        name = "rules_java",
        files = {
            Label("//third_party/system/rules_java:package.BUILD"): "java/BUILD",
            Label("//third_party/system/rules_java:defs.bzl.tpl"): "java/defs.bzl",
        },
    )
    _stub_repository(
        name = "remote_coverage_tools",
        files = {
            Label("//third_party/system:remote_coverage_tools.BUILD"): "BUILD",
        },
    )
