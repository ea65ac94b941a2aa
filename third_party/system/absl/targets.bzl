"""The targets of Abseil that Muster uses; a new one is one word here."""

ABSL_TARGETS = {
    "absl/algorithm": ["algorithm", "container"],
    "absl/base": ["base", "config", "core_headers"],
    "absl/cleanup": ["cleanup"],
    "absl/container": [
        "btree",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "inlined_vector",
        "node_hash_map",
        "node_hash_set",
    ],
    "absl/debugging": ["failure_signal_handler", "stacktrace", "symbolize"],
    "absl/functional": ["any_invocable", "bind_front", "function_ref"],
    "absl/hash": ["hash"],
    "absl/memory": ["memory"],
    "absl/meta": ["type_traits"],
    "absl/numeric": ["bits", "int128"],
    "absl/status": ["status", "statusor"],
    "absl/strings": ["cord", "str_format", "strings"],
    "absl/synchronization": ["synchronization"],
    "absl/time": ["time"],
    "absl/types": ["any", "compare", "optional", "span", "variant"],
    "absl/utility": ["utility"],
}

def absl_module(package, target):
    """Returns the name by which pkg-config knows a target."""
    if (package, target) == ("absl/algorithm", "container"):
        return "absl_algorithm_container"
    return "absl_" + target

def absl_modules():
    """Returns the pkg-config modules of all targets."""
    return [
        absl_module(package, target)
        for package, targets in ABSL_TARGETS.items()
        for target in targets
    ]
