"""The experiments that //benchmarks:reproduce runs, in this order.

To add one: a line here. Its program must be visible to //benchmarks.
"""

EXPERIMENTS = {
}

EXPERIMENT_PROGRAMS = EXPERIMENTS.keys()

def experiment_list(name):
    """Writes the experiments as lines of label, tab, description."""
    native.genrule(
        name = name,
        outs = ["experiments.txt"],
        cmd = "printf '%s\\n' " + " ".join([
            "'%s\t%s'" % (label, description.replace("'", "'\\''"))
            for label, description in EXPERIMENTS.items()
        ] or ["''"]) + " > $@",
    )
