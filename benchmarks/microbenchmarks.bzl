"""The programs that //benchmarks:regression runs: the one list of them."""

# Program -> arguments that keep it to what a regression would show in.
# //tools/checks:tree_benchmark_list_test holds that every benchmark is here.
_MICROBENCHMARKS = {
    "//allocation:allocation_benchmark": [
        "--benchmark_filter=^(StudyRound/.*/51|BM_HotSet.*/1000/0|BM_FullScan_Linear.*/1000/0|BM_MinMaxAllocate/.*/23)",
    ],
    "//dispatch:balanced_assignment_benchmark": ["--benchmark_filter=n:200000"],
    "//dispatch:clustering_lp_benchmark": ["--benchmark_filter=n:100/"],
    "//dispatch:distances_benchmark": ["--benchmark_filter=20000"],
    "//dispatch:lloyd_benchmark": ["--benchmark_filter=k:100/"],
    "//dispatch:router_benchmark": [
        "--benchmark_filter=Price/d:64|Nearest/d:32|KdTree/d:6|OnlineBalancer",
    ],
    # Our side on the two sets that need no files.
    "//models:linear_classifier_benchmark": [
        "--benchmark_filter=data:[03]/.*theirs:0",
    ],
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
