"""One repository rule for every library: Debian's copy, or a pinned archive."""

def _library_name(ctx):
    # A module extension's repositories have longer names than they were given.
    return ctx.attr.system_name or ctx.name

def _wants_system(ctx):
    if not ctx.attr.system_header:
        return False
    chosen = ctx.os.environ.get("MUSTER_SYSTEM_LIBS", "").split(",")
    return "all" in chosen or _library_name(ctx) in chosen

def _link_options(ctx, module):
    result = ctx.execute(["pkg-config", "--libs", module])
    if result.return_code != 0:
        fail(("%s: pkg-config does not know %s; install the Debian packages " +
              "%s and pkg-config: %s") %
             (_library_name(ctx), module, ctx.attr.debian_package, result.stderr))
    return [option for option in result.stdout.strip().split(" ") if option]

def _use_system(ctx):
    if not ctx.path(ctx.attr.system_header).exists:
        other_way = "" if not ctx.attr.url else (
            ", or take \"%s\" out of MUSTER_SYSTEM_LIBS to use the pinned archive" % _library_name(ctx)
        )
        fail("%s: %s is missing; install the Debian package %s%s" %
             (_library_name(ctx), ctx.attr.system_header, ctx.attr.debian_package, other_way))
    for label, path in ctx.attr.system_files.items():
        ctx.symlink(label, path)
    for package in ctx.attr.system_packages:
        ctx.symlink(ctx.attr.system_package_stub, package + "/BUILD.bazel")
    for source, path in ctx.attr.system_folders.items():
        ctx.symlink(source, path)
    if ctx.attr.system_modules:
        options = {m: _link_options(ctx, m) for m in ctx.attr.system_modules}
        ctx.file("link_options.bzl", "LINK_OPTIONS = %r\n" % options)

def _use_archive(ctx):
    if not ctx.attr.url:
        fail(("%s has no pinned archive; install the Debian package %s and add " +
              "\"%s\" to MUSTER_SYSTEM_LIBS (--repo_env=MUSTER_SYSTEM_LIBS=...)") %
             (_library_name(ctx), ctx.attr.debian_package, _library_name(ctx)))
    ctx.download_and_extract(
        url = ctx.attr.url,
        sha256 = ctx.attr.sha256,
        stripPrefix = ctx.attr.strip_prefix,
    )
    if ctx.attr.archive_build:
        ctx.delete("BUILD")
        ctx.delete("BUILD.bazel")
        ctx.symlink(ctx.attr.archive_build, "BUILD.bazel")

def _third_party_archive_impl(ctx):
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % ctx.name)
    if _wants_system(ctx):
        _use_system(ctx)
    else:
        _use_archive(ctx)

third_party_archive = repository_rule(
    doc = """A library from the system when MUSTER_SYSTEM_LIBS is "all" or lists
this library (comma separated), else from a verified archive.""",
    implementation = _third_party_archive_impl,
    environ = ["MUSTER_SYSTEM_LIBS"],
    local = False,
    attrs = {
        "system_name": attr.string(doc = "its name in MUSTER_SYSTEM_LIBS; \"\": the repository's"),
        "url": attr.string(doc = "of the archive; \"\": from the system only"),
        "sha256": attr.string(doc = "of the archive"),
        "strip_prefix": attr.string(),
        "archive_build": attr.label(doc = "BUILD file, if the archive has none"),
        "debian_package": attr.string(),
        "system_header": attr.string(doc = "present when installed; \"\": archive only"),
        "system_files": attr.label_keyed_string_dict(doc = "stub -> its path"),
        "system_folders": attr.string_dict(doc = "folder of the system -> its path"),
        "system_packages": attr.string_list(doc = "packages that all use one stub"),
        "system_package_stub": attr.label(),
        "system_modules": attr.string_list(doc = "pkg-config modules to link"),
    },
)
