"""Exact nearest neighbours: ours against FAISS's flat index, interleaved.

    bazelw build //benchmarks/dispatch:nearest_timer
    /usr/bin/python3 benchmarks/dispatch/compare_nearest.py \
        --timer=bazel-bin/benchmarks/dispatch/nearest_timer [--data=$MUSTER_DATA]

A sample of 10,000 points, one neighbour a query, as a dispatcher asks; normal
points in 32, 128 and 784 dimensions, and MNIST if there is data. Both search the
same queries on the same number of threads, turn by turn, --repeats times; the
figure is the ratio of the least times (wall, and processor time, which is less
disturbed by other programs). The neighbours must agree, but where FAISS's float
distances take two points for equally near.

FAISS's speed is that of its BLAS, whose file is printed. Debian's python3-faiss
runs on the reference BLAS unless a better one is installed (libopenblas0).
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time

import faiss
import numpy


def blas_file():
    """The BLAS that is loaded in this process."""
    with open("/proc/self/maps", encoding="ascii") as maps:
        files = {line.split()[-1] for line in maps if "blas" in line}
    return ", ".join(sorted(files)) or "unknown"


def read_mnist(data):
    """Images of the training set as rows of floats in [0, 1], or None."""
    path = os.path.join(data, "mnist", "train-images-idx3-ubyte.gz")
    if not data or not os.path.exists(path):
        return None
    with gzip.open(path) as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16)
    return pixels.reshape(-1, 784).astype(numpy.float32) / 255


def data_sets(data):
    """Yields (name, sample, queries)."""
    generator = numpy.random.default_rng(1)
    for dimension, queries in ((32, 4000), (128, 2000), (784, 1000)):
        points = generator.standard_normal(
            (10000 + queries, dimension), dtype=numpy.float32
        )
        yield f"normal d={dimension}", points[:10000], points[10000:]
    mnist = read_mnist(data)
    if mnist is not None:
        yield "mnist d=784", mnist[:10000], mnist[10000:12000]


class Ours:
    """nearest_timer, which answers a line for each line."""

    def __init__(self, timer, sample, queries, threads, folder):
        self.nearest = os.path.join(folder, "nearest")
        for name, points in (("sample", sample), ("queries", queries)):
            points.tofile(os.path.join(folder, name))
        self.process = subprocess.Popen(
            [
                timer,
                f"--sample={folder}/sample",
                f"--queries={folder}/queries",
                f"--dimension={sample.shape[1]}",
                f"--threads={threads}",
                f"--nearest={self.nearest}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def search(self):
        """(wall, processor) seconds of one search."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return tuple(float(word) for word in self.process.stdout.readline().split())

    def finish(self):
        """The neighbours found."""
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit("nearest_timer failed")
        return numpy.fromfile(self.nearest, numpy.int32)


def compare(name, sample, queries, options):
    """Prints the line of one data set."""
    index = faiss.IndexFlatL2(sample.shape[1])
    index.add(sample)
    theirs, ours = [], []
    with tempfile.TemporaryDirectory() as folder:
        timer = Ours(options.timer, sample, queries, options.threads, folder)
        for _ in range(options.repeats):
            wall, processor = time.perf_counter(), time.process_time()
            _, found = index.search(queries, 1)
            theirs.append(
                (time.perf_counter() - wall, time.process_time() - processor)
            )
            ours.append(timer.search())
        nearest = timer.finish()
    # Where they differ, in double: ours must not be farther.
    differ = numpy.flatnonzero(nearest != found[:, 0])
    exact = queries[differ].astype(numpy.float64)
    mine = ((exact - sample[nearest[differ]]) ** 2).sum(axis=1)
    others = ((exact - sample[found[differ, 0]]) ** 2).sum(axis=1)
    if (mine > others).any():
        sys.exit(f"{name}: a neighbour is not the nearest")
    best = [min(times) for times in zip(*theirs)] + [min(times) for times in zip(*ours)]
    rates = [len(queries) / seconds for seconds in best]
    print(
        f"{name:16} {rates[1]:10.0f} {rates[3]:10.0f} {best[0] / best[2]:8.2f} "
        f"{best[1] / best[3]:8.2f} {len(differ):6}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timer", required=True, help="path of nearest_timer")
    parser.add_argument("--data", default=os.environ.get("MUSTER_DATA", ""))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    faiss.omp_set_num_threads(options.threads)
    print(f"FAISS {faiss.__version__}, BLAS {blas_file()}, threads {options.threads}")
    print("queries per processor second, and how many times faster ours is")
    print(
        f"{'points':16} {'FAISS':>10} {'ours':>10} {'wall':>8} {'proc.':>8} {'differ':>6}"
    )
    for name, sample, queries in data_sets(options.data):
        compare(name, sample, queries, options)


if __name__ == "__main__":
    main()
