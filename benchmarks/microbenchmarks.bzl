"""The programs that //benchmarks:regression runs: the one list of them."""

# Program -> arguments that keep it to what a regression would show in.
_MICROBENCHMARKS = {
    "//dispatch:distances_benchmark": ["--benchmark_filter=20000"],
    "//dispatch:lloyd_benchmark": ["--benchmark_filter=k:100/"],
    "//runtime:blocks_benchmark": [],
    "//runtime:distributions_benchmark": [],
    "//runtime:event_queue_benchmark": [
        "--laws=exponential",
        "--max_workers=100000",
    ],
    "//runtime:math_benchmark": [],
    "//runtime:rng_benchmark": [],
    "//runtime:speed_model_benchmark": [],
    "//runtime:task_durations_benchmark": [],
    "//runtime:virtual_cluster_benchmark": [],
}

MICROBENCHMARKS = sorted(_MICROBENCHMARKS)

def microbenchmark_args():
    """Arguments of regression.py that name the programs and their arguments."""
    args = []
    for program in MICROBENCHMARKS:
        args.append("--program=$(rootpath %s)" % program)
        args += ["--program_arg=" + arg for arg in _MICROBENCHMARKS[program]]
    return args
