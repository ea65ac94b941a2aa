"""The libraries of deps.bzl that are no modules of the registry (Bazel 6.2 on)."""

load("//third_party:deps.bzl", "libraries_without_module")
load("//third_party:repo.bzl", "third_party_archive")

def _declare(name, **kwargs):
    third_party_archive(name = name, system_name = name, **kwargs)

def _libraries_impl(_ctx):
    libraries_without_module(_declare)

libraries = module_extension(implementation = _libraries_impl)
