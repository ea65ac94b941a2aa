"""Draws one figure of each kind and looks at what came out."""

import json
import os
import re
import struct
import tempfile
import unittest
import xml.etree.ElementTree

from tools.plot import look as looks
from tools.plot import plot


def axis(label="", unit="", log=False, low=None, high=None):
    return {"label": label, "unit": unit, "log": log, "min": low, "max": high}


def series(label, kind, x, y, low=(), high=()):
    return {
        "label": label,
        "key": label,
        "kind": kind,
        "x": list(x),
        "y": list(y),
        "low": list(low),
        "high": list(high),
    }


def panel(**fields):
    return {
        "title": "",
        "x": axis("x"),
        "y": axis("y"),
        "categories": [],
        "series": [],
        "references": [],
        "gantt": [],
        **fields,
    }


def figure(name, *panels, **fields):
    return {
        "name": name,
        "title": "A title",
        "caption": "",
        "columns": 2,
        "shared_legend": True,
        "incomplete": False,
        "panels": list(panels),
        **fields,
    }


def every_kind():
    curves = [
        series("ATA", "line", [1, 10, 100], [1, None, 3], [0.5, None, 2], [2, None, 4]),
        series("GTA", "step", [1, 10, 100], [3, 2, 1]),
        series("points", "scatter", [2, 20], [1, 2]),
        series("measured", "errorbar", [5, 50], [1, 2], [0.5, 1], [1.5, 3]),
        series("range", "band", [1, 100], [], [0.2, 0.3], [5, 6]),
    ]
    bars = [
        series("ATA", "bar", [0, 1], [1, 2], [0.5, 1], [1.5, 3]),
        series("GTA", "bar", [0, 1], [2, 1]),
    ]
    references = [
        {"vertical": False, "value": 1.07, "label": "paper: 1.07"},
        {"vertical": True, "value": 20, "label": "drift"},
    ]
    segments = [
        [0, 0, 5, "compute", "a"],
        [0, 6, 9, "cancelled", ""],
        [1, 0, 3, "lost", ""],
        [1, 4, 9, "reading", ""],
    ]
    return [
        figure(
            "curves",
            panel(series=curves, references=references, x=axis("round", log=True)),
            panel(series=curves[:2], y=axis("time", "s", True, 0.1, 10)),
            panel(series=curves[:1]),
        ),
        figure("bars", panel(series=bars, categories=["job 1", "job 2"])),
        figure("gantt", panel(gantt=segments, x=axis("time", "s"))),
    ]


class PlotTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def draw(self, figures, out="."):
        folder = os.path.join(self.folder, out)
        os.makedirs(folder, exist_ok=True)
        paths = []
        for spec in figures:
            paths.append(os.path.join(folder, spec.get("name", "x") + ".json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump(spec, file)
        return plot.main(["--out", folder, *paths]), folder

    def read(self, folder, name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    def test_every_kind_is_drawn(self):
        code, folder = self.draw(every_kind())
        self.assertEqual(code, 0)
        for name in ("curves", "bars", "gantt"):
            root = xml.etree.ElementTree.fromstring(self.read(folder, name + ".svg"))
            self.assertTrue(root.tag.endswith("svg"))
            png = self.read(folder, name + ".png")
            self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
            width, height = struct.unpack(">II", png[16:24])
            self.assertGreater(width, 900)
            self.assertGreater(height, 250)
        self.assertFalse([n for n in os.listdir(folder) if n.endswith(".part")])

    def test_the_same_specification_gives_the_same_bytes(self):
        _, first = self.draw(every_kind(), "first")
        _, second = self.draw(every_kind(), "second")
        for name in os.listdir(first):
            self.assertEqual(self.read(first, name), self.read(second, name), name)
        self.assertNotIn(b"<dc:date>", self.read(first, "bars.svg"))

    def test_every_colour_of_a_policy_is_the_same_in_all_figures(self):
        _, folder = self.draw(every_kind())
        ata = looks.PALETTE[looks.FIXED_STYLES["ata"]].lower().encode()
        for name in ("curves.svg", "bars.svg"):
            self.assertIn(ata, self.read(folder, name), name)

    def test_more_bars_than_colours_differ_by_hatching(self):
        bars = [series(f"policy {i}", "bar", [0], [i + 1]) for i in range(10)]
        _, folder = self.draw([figure("many", panel(series=bars, categories=["a"]))])
        # Matplotlib writes a pattern for each hatch and colour.
        patterns = re.findall(rb"<pattern ", self.read(folder, "many.svg"))
        self.assertEqual(len(patterns), 2)

    def test_bars_on_a_log_axis_begin_at_the_reference(self):
        bars = panel(
            series=[series("ATA", "bar", [0, 1], [0.5, 2])],
            categories=["a", "b"],
            y=axis("multiple", log=True),
        )
        self.assertEqual(plot.bar_base(bars), 0.1)
        bars["references"] = [{"vertical": False, "value": 1, "label": ""}]
        self.assertEqual(plot.bar_base(bars), 1)
        self.assertEqual(self.draw([figure("log_bars", bars)])[0], 0)
        bars["y"]["log"] = False
        self.assertEqual(plot.bar_base(bars), 0)

    def test_long_labels_are_broken(self):
        label = plot.axis_label(axis("round time, mean of a window of rounds", "s"))
        self.assertEqual(label, "round time, mean of a window\nof rounds [s]")
        self.assertEqual(plot.axis_label(axis("time", "s")), "time [s]")

    def test_incomplete_runs_are_marked(self):
        spec = every_kind()[1]
        spec["incomplete"] = True
        _, folder = self.draw([spec])
        # Text is drawn as paths; the comment before it holds the words.
        comments = re.findall(rb"<!--(.*?)-->", self.read(folder, "bars.svg"))
        self.assertTrue(any(b"(incomplete run)" in c for c in comments))

    def test_a_wrong_specification_is_an_error(self):
        spec = every_kind()[1]
        del spec["panels"][0]["series"]
        self.assertEqual(self.draw([spec])[0], 1)
        self.assertEqual(plot.main(["--out", self.folder, "missing.json"]), 1)


class LookTest(unittest.TestCase):
    def look(self, *keys):
        return looks.Look(figure("f", panel(series=[series(k, "line", [], []) for k in keys])))

    def test_no_two_keys_look_alike(self):
        keys = [f"policy {i}" for i in range(40)]
        look = self.look(*keys)
        self.assertEqual(len({(look(k)[0], look(k)[1]) for k in keys}), 40)

    def test_a_policy_keeps_its_look_under_any_spelling(self):
        expected = self.look("ATA-Empirical")("ATA-Empirical")
        for other in ("ata_empirical", "ATA Empirical"):
            look = self.look("x", "y", other, "ATA")
            self.assertEqual(look(other), expected)
            self.assertNotEqual(look("x")[0], expected[0])

    def test_styles_that_are_free_avoid_the_fixed_ones(self):
        # All colours are taken, and the first style past them, too.
        taken = set(range(len(looks.PALETTE))) | {len(looks.PALETTE)}
        first = next(looks.free_styles(taken))
        self.assertEqual(first, len(looks.PALETTE) + 1)
        look = self.look("x", "y", *looks.FIXED_STYLES)
        fixed = {look(k) for k in looks.FIXED_STYLES}
        self.assertNotIn(look("x"), fixed)
        self.assertNotIn(look("y"), fixed | {look("x")})

    def test_bars_of_one_colour_have_different_hatching(self):
        keys = [f"policy {i}" for i in range(24)]
        look = self.look(*keys)
        self.assertEqual(len({(look(k)[0], look.hatch(k)) for k in keys}), 24)
        self.assertIsNone(look.hatch(keys[0]))

    def test_a_method_of_dispatching_looks_the_same_beside_any_other(self):
        # The labels of benchmarks/dispatch/dispatch_methods.cc and its mains.
        methods = [
            "k-means++ merge/split, nearest (paper)",
            "balanced k-means, price",
            "equal sizes (5 %), price",
            "balanced k-means, nearest",
            "k-means++ merge/split, centre",
            "partition tree (BPT)",
            "LSH",
            "random",
            "LP rounding, k-median",
            "LP rounding, k-means",
            "online balancer",
            "k-means++ merge/split, tree search (paper)",
        ]
        together = self.look(*methods)
        self.assertEqual(len({together(m) for m in methods}), len(methods))
        # The second kind of centre shares the colour of random, which is never a bar.
        self.assertEqual(len({together(m)[0] for m in methods[:8]}), 7)
        for method in methods:
            self.assertEqual(self.look("x", "y", method)(method), together(method))

    def test_a_clusterer_looks_like_the_method_that_uses_it(self):
        pairs = {
            "k-means++ merge/split": "k-means++ merge/split, nearest (paper)",
            "balanced k-means": "balanced k-means, price",
            "LP k-median (paper)": "LP rounding, k-median",
            "LP k-means (paper)": "LP rounding, k-means",
        }
        clusterers = [*pairs, "LP k-means, distinct copies"]
        look = self.look(*clusterers)
        self.assertEqual(len({look(c) for c in clusterers}), len(clusterers))
        for clusterer, method in pairs.items():
            self.assertEqual(look(clusterer), self.look(method)(method))


class TickTest(unittest.TestCase):
    def ticks(self, x, log=True, **fields):
        """The x at which there are labels, and all that have a tick."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        spec = panel(series=[series("a", "line", x, x)], x=axis("k", log=log), **fields)
        drawn, ax = plt.subplots(figsize=(6.8, 3.5))
        self.addCleanup(plt.close, drawn)
        plot.draw_panel(ax, spec, looks.Look(figure("f", spec)))
        low, high = ax.get_xlim()
        inside = [v for v in ax.get_xticks() if low <= v <= high]
        names = [ax.xaxis.get_major_formatter()(v, None) for v in inside]
        return names, sorted({*inside, *ax.get_xticks(minor=True)})

    def test_few_values_are_ticks(self):
        names, ticks = self.ticks([16, 32, 64])
        self.assertEqual(sorted(names), ["16", "32", "64"])
        self.assertEqual(ticks, [16, 32, 64])
        names, _ = self.ticks([0, 0.5, 1, 1.5], log=False)
        self.assertEqual(sorted(names), ["0", "0.5", "1", "1.5"])

    def test_one_value_is_one_tick(self):
        for log in (False, True):
            self.assertEqual(self.ticks([64], log)[0], ["64"])

    def test_labels_without_room_are_left_out(self):
        names, ticks = self.ticks([1, 2, 4, 8, 1024], log=False)
        self.assertEqual(ticks, [1, 2, 4, 8, 1024])
        self.assertEqual(sorted(names), ["1024", "8"])

    def test_many_or_long_values_are_no_ticks(self):
        for x in (range(11), [0.123456]):
            spec = panel(series=[series("a", "line", x, x)])
            self.assertEqual(plot.few_values(spec), [])


if __name__ == "__main__":
    unittest.main()
