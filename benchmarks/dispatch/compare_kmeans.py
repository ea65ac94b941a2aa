"""Our Lloyd against FAISS and scikit-learn: same points, start and threads.

    /usr/bin/python3 benchmarks/dispatch/compare_kmeans.py           # about 3 min
    /usr/bin/python3 benchmarks/dispatch/compare_kmeans.py --points=20000

Generates points from a seed (normal: no structure, the worst case for pruning;
clusters: a mixture of --clusters normals), draws the same initial centres for
all, and runs --iterations iterations of each program in turn, --repetitions
times. Prints the median seconds, the median of the ratios of neighbouring runs
(above 1: we are faster) and each program's objective relative to ours, computed
here from the final centres by one rule (numpy, double).

Seconds are the processor's (all threads of the process): other programs on the
machine disturb them less; --wall uses the clock. The objectives may differ a
little: scikit-learn and FAISS decide near ties in float. scikit-learn's own
pruning is tried as well (elkan).

Needs numpy; python3-faiss, python3-sklearn and python3-threadpoolctl (Debian)
for the peers; a missing one is left out with a word. Both peers spend their
time in the system's BLAS: install libopenblas0 for their best; Debian's default
is the reference BLAS, some five times slower. Which one it was is printed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
TARGET = "//benchmarks/dispatch:kmeans"


def optional(module, package):
    try:
        return __import__(module)
    except ImportError:
        print("left out: %s (install %s)" % (module, package), file=sys.stderr)
        return None


def make_points(kind, points, dimension, clusters, seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((points, dimension), dtype=np.float32)
    if kind == "clusters":
        means = rng.standard_normal((clusters, dimension), dtype=np.float32)
        values = 0.35 * values + means[rng.integers(clusters, size=points)]
    return np.ascontiguousarray(values, dtype=np.float32)


def objective(points, centers):
    total = 0.0
    centers = centers.astype(np.float64)
    squares = (centers ** 2).sum(axis=1)
    for begin in range(0, len(points), 10000):
        block = points[begin:begin + 10000].astype(np.float64)
        distances = squares - 2 * block @ centers.T
        total += ((block ** 2).sum(axis=1) + distances.min(axis=1)).sum()
    return total


class Timer:
    def __init__(self, wall):
        self.clock = time.perf_counter if wall else time.process_time

    def run(self, function):
        start = self.clock()
        result = function()
        return self.clock() - start, result


def run_ours(args, folder, points_file, centers_file, dimension, group_size=-1):
    out = os.path.join(folder, "out.f32")
    text = subprocess.run(
        [args.program, "--points=" + points_file, "--centers=" + centers_file,
         "--out=" + out, "--dimension=%d" % dimension,
         "--iterations=%d" % args.iterations, "--threads=%d" % args.threads,
         "--group_size=%d" % group_size],
        check=True, stdout=subprocess.PIPE).stdout
    answer = json.loads(text)
    seconds = answer["wall_seconds" if args.wall else "processor_seconds"]
    return seconds, np.fromfile(out, np.float32).reshape(-1, dimension)


def run_faiss(args, faiss, timer, points, centers):
    faiss.omp_set_num_threads(args.threads)
    dimension = points.shape[1]
    clustering = faiss.Clustering(dimension, len(centers))
    clustering.niter = args.iterations
    clustering.min_points_per_centroid = 1
    clustering.max_points_per_centroid = len(points)
    faiss.copy_array_to_vector(centers.ravel(), clustering.centroids)
    index = faiss.IndexFlatL2(dimension)
    seconds, _ = timer.run(lambda: clustering.train(points, index))
    found = faiss.vector_to_array(clustering.centroids)
    return seconds, found.reshape(-1, dimension)


def run_sklearn(args, timer, points, centers, algorithm):
    import warnings
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits
    model = KMeans(n_clusters=len(centers), init=centers, n_init=1, tol=0,
                   max_iter=args.iterations, algorithm=algorithm)
    with threadpool_limits(limits=args.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seconds, _ = timer.run(lambda: model.fit(points))
    return seconds, model.cluster_centers_


def compare(args, kind, dimension, folder, peers):
    points = make_points(kind, args.points, dimension, args.clusters, args.seed)
    rng = np.random.default_rng(args.seed + 1)
    start = rng.choice(len(points), size=args.centers, replace=False)
    centers = np.ascontiguousarray(points[start])
    points_file = os.path.join(folder, "points.f32")
    centers_file = os.path.join(folder, "centers.f32")
    points.tofile(points_file)
    centers.tofile(centers_file)
    timer = Timer(args.wall)
    runs = {"ours": lambda: run_ours(args, folder, points_file, centers_file,
                                     dimension)}
    for size in filter(None, args.group_sizes.split(",")):
        runs["groups of " + size] = lambda size=size: run_ours(
            args, folder, points_file, centers_file, dimension, int(size))
    if peers["faiss"]:
        runs["faiss"] = lambda: run_faiss(args, peers["faiss"], timer, points,
                                          centers)
    if peers["sklearn"]:
        for algorithm in args.sklearn_algorithms.split(","):
            runs["sklearn " + algorithm] = (
                lambda algorithm=algorithm: run_sklearn(
                    args, timer, points, centers, algorithm))
    seconds = {name: [] for name in runs}
    costs = {}
    for _ in range(args.repetitions):
        for name, run in runs.items():
            taken, found = run()
            seconds[name].append(taken)
            costs[name] = objective(points, found)
    for name in runs:
        ratios = [b / a for a, b in zip(seconds["ours"], seconds[name])]
        print("%-9s d=%-4d %-16s %8.3f s  ratio %6.2f  objective %+.1e" % (
            kind, dimension, name, statistics.median(seconds[name]),
            statistics.median(ratios), costs[name] / costs["ours"] - 1),
              flush=True)


def blas_in_use():
    """The file that the peers' BLAS symbols come from."""
    with open("/proc/self/maps") as maps:
        names = {line.split()[-1] for line in maps if "blas" in line}
    return ", ".join(sorted(names)) or "not loaded"


def build_program():
    subprocess.run(["./bazelw", "build", TARGET], cwd=ROOT, check=True)
    return os.path.join(ROOT, "bazel-bin", "benchmarks", "dispatch", "kmeans")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--points", type=int, default=200000)
    parser.add_argument("--centers", type=int, default=100, help="k")
    parser.add_argument("--dimensions", default="16,64,256")
    parser.add_argument("--kinds", default="normal,clusters")
    parser.add_argument("--clusters", type=int, default=100,
                        help="of the mixture")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wall", action="store_true", help="time by the clock")
    parser.add_argument("--group_sizes", default="",
                        help="also ours with these (0: no pruning), as 0,16,64")
    parser.add_argument("--sklearn_algorithms", default="lloyd,elkan")
    parser.add_argument("--no_peers", action="store_true", help="ours only")
    parser.add_argument("--program", help="built by bazel when not given")
    args = parser.parse_args()
    args.program = args.program or build_program()
    peers = {"faiss": None, "sklearn": None} if args.no_peers else {
        "faiss": optional("faiss", "python3-faiss"),
        "sklearn": optional("sklearn",
                            "python3-sklearn python3-threadpoolctl")}
    print("BLAS of the peers: " + blas_in_use())
    print("%d points, k = %d, %d iterations, %d threads, seed %d" % (
        args.points, args.centers, args.iterations, args.threads, args.seed))
    with tempfile.TemporaryDirectory() as folder:
        for kind in args.kinds.split(","):
            for dimension in args.dimensions.split(","):
                compare(args, kind, int(dimension), folder, peers)


if __name__ == "__main__":
    main()
