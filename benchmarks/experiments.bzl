"""The experiments that //benchmarks:reproduce runs, in this order.

To add one: a line here. Its program must be visible to //benchmarks.
"""

EXPERIMENTS = {
    "//benchmarks/ata:sqrt_law": "E1: ATA on the square-root law (figure 1, table 1)",
    "//benchmarks/ata:linear_law": "E2: ATA on the linear law (figure 2, table 2)",
    "//benchmarks/ata:mixed_laws": "E3: ATA on five laws side by side (figure 3)",
    "//benchmarks/ata:regret": "E4: growth of the proxy regret (figure 4)",
    "//benchmarks/ata:cifar_clocks": "E5: a training curve over the clocks (figure 5)",
    "//benchmarks/ata:prior_knowledge": "E6: training after bandit rounds (figure 6)",
    "//benchmarks/ata:drift": "workers whose speed changes",
    "//benchmarks/ata:frontier": "runtime against worker time, beyond OFTA",
    "//benchmarks/ata:traces": "the policies on recorded machines",
    "//benchmarks/ata:async_sgd": "asynchronous SGD methods that really compute",
    "//benchmarks/dispatch:synthetic": "dispatching the synthetic data (figure 3a)",
    "//benchmarks/dispatch:grid": "dispatching the grid data (figure 11)",
    "//benchmarks/dispatch:two_gaussians": "dispatching two Gaussians (section 14)",
    "//benchmarks/dispatch:mnist": "dispatching handwritten digits (figure 3b)",
    "//benchmarks/dispatch:text_and_tables": "dispatching a table and texts",
    "//benchmarks/dispatch:clusterers": "clusterers side by side (figures 8 and 9)",
    "//benchmarks/dispatch:strong_scaling": "total time on 1 to 128 workers (figure 3f)",
    "//benchmarks/dispatch:replication": "copies of points and lost workers",
    "//benchmarks/dispatch:price_router": "dispatching by price or by neighbour",
    "//benchmarks/dispatch:skew_and_drift": "dispatching skewed data and drifted queries",
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
