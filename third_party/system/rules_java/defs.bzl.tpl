"""Bazel 4's native Java rules under the name that newer Bazel uses.

Muster has no Java; Bazel's own toolchain packages load these.
"""

java_binary = native.java_binary
java_import = native.java_import
java_library = native.java_library
java_proto_library = native.java_proto_library
java_runtime = native.java_runtime
java_test = native.java_test
java_toolchain = native.java_toolchain
