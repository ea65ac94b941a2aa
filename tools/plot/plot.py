#!/usr/bin/python3
"""Draws figure specifications (JSON) as SVG and PNG.

    plot.py --out FOLDER [--threads N] SPEC.json [SPEC.json ...]

One call draws all figures of an experiment. The specification is written by
muster/benchmarks/harness/figure.h and described there. The output depends on
the specification and the version of Matplotlib alone: no date, fixed ids.

How things look is said in look.py.

Exit codes: 0 drawn, 1 a specification is wrong, 3 Matplotlib is missing.
"""

import argparse
import concurrent.futures
import itertools
import json
import math
import multiprocessing
import os
import sys
import textwrap

from look import ACTIVITIES, GREY, INK, PALETTE, PNG_DPI, STYLE, Look


def numbers(values):
    return [math.nan if v is None else float(v) for v in values]


def axis_label(axis):
    """"time [s]", in two lines when it would be longer than the axis."""
    label = axis["label"] or axis["unit"]
    if axis["label"] and axis["unit"]:
        label = "%s [%s]" % (axis["label"], axis["unit"])
    return "\n".join(textwrap.wrap(label, 28)) if len(label) > 28 else label


def reach(low, y, high):
    """Below and above y, as error bars have it."""
    return [[b - a for a, b in zip(low, y)], [b - a for a, b in zip(y, high)]]


def draw_band(ax, series, x, low, high, color):
    step = "post" if series["kind"] == "step" else None
    ax.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0,
                    step=step, zorder=1.5)


def draw_curve(ax, series, look, width):
    color, dashes, marker = look(series["key"])
    x, y = numbers(series["x"]), numbers(series["y"])
    low, high = numbers(series["low"]), numbers(series["high"])
    kind = series["kind"]
    if low and kind in ("line", "step", "band"):
        draw_band(ax, series, x, low, high, color)
    if kind == "band":
        return
    few = len(x) <= 24
    if kind == "scatter":
        ax.plot(x, y, linestyle="none", marker=marker, color=color,
                markersize=8 if few else 4, markeredgecolor="white",
                markeredgewidth=0.6 if few else 0, alpha=1 if few else 0.8,
                zorder=3)
        return
    if kind == "errorbar":
        ax.errorbar(x, y, yerr=reach(low, y, high), linestyle="none",
                    marker=marker, markersize=5.5, color=color, capsize=3,
                    elinewidth=1.2, capthick=1.2, zorder=3)
        return
    style = {} if dashes[0] is None else {"dashes": dashes}
    if kind == "step":
        style["drawstyle"] = "steps-post"
    ax.plot(x, y, color=color, linewidth=width,
            marker=marker if few and kind == "line" else None, markersize=4.2,
            markeredgewidth=0, solid_capstyle="round", zorder=2.5, **style)


def bar_base(panel):
    """Where bars begin: 0; on a log axis, which has none, the reference line
    if there is one (bars are multiples of it), else below the least bar."""
    if not panel["y"]["log"]:
        return 0.0
    lines = [r["value"] for r in panel["references"] if not r["vertical"]]
    if len(lines) == 1 and lines[0] > 0:
        return lines[0]
    values = [v for s in panel["series"] for v in numbers(s["y"]) if v > 0]
    return panel["y"]["min"] or 10 ** math.floor(math.log10(min(values)))


def draw_bars(ax, panel, look):
    bars = [s for s in panel["series"] if s["kind"] == "bar"]
    if not bars:
        return
    width = 0.8 / len(bars)
    base = bar_base(panel)
    for i, series in enumerate(bars):
        color, _, _ = look(series["key"])
        offset = (i - (len(bars) - 1) / 2) * width
        x = [v + offset for v in numbers(series["x"])]
        y = numbers(series["y"])
        ax.bar(x, [v - base for v in y], bottom=base, width=width * 0.92,
               color=color, zorder=2, edgecolor="white", linewidth=0.4,
               hatch=look.hatch(series["key"]))
        low, high = numbers(series["low"]), numbers(series["high"])
        if low:
            ax.errorbar(x, y, yerr=reach(low, y, high), linestyle="none",
                        color=INK, capsize=2, elinewidth=0.9, capthick=0.9,
                        zorder=3)
    ax.use_sticky_edges = not panel["y"]["log"]
    names = panel["categories"]
    ax.set_xticks(range(len(names)))
    crowded = sum(len(n) for n in names) > 45
    ax.set_xticklabels(names, rotation=30 if crowded else 0,
                       ha="right" if crowded else "center")
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.grid(False, axis="x")


def draw_gantt(ax, panel):
    """Returns the legend entries of the activities that occur."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch
    from matplotlib.patheffects import withStroke
    groups = {}
    for row, begin, end, activity, label in panel["gantt"]:
        groups.setdefault(activity, []).append((row, begin, end, label))
    rows = sorted({segment[0] for segment in panel["gantt"]})
    entries = []
    spare = [c for c in PALETTE if c not in ACTIVITIES.values()]
    names = [a for a in ACTIVITIES if a in groups]
    names += sorted(a for a in groups if a not in ACTIVITIES)
    first = min(segment[1] for segment in panel["gantt"])
    last = max(segment[2] for segment in panel["gantt"])
    for name in names:
        color = ACTIVITIES.get(name, spare[len(entries) % len(spare)])
        boxes = [[(b, r - 0.38), (e, r - 0.38), (e, r + 0.38), (b, r + 0.38)]
                 for r, b, e, _ in groups[name]]
        hatch = {"cancelled": "////", "lost": "xxxx",
                 "expired": "\\\\\\\\"}.get(name)
        light = name not in ("compute", "communicate")
        ax.add_collection(PolyCollection(
            boxes, facecolors=color + "59" if light else color,
            edgecolors=color if light else "white", linewidths=0.4,
            hatch=hatch, zorder=2))
        entries.append(Patch(facecolor=color + "59" if light else color,
                             edgecolor=color if light else "white",
                             hatch=hatch, linewidth=0.4, label=name))
        for row, begin, end, label in groups[name]:
            if label and end - begin > 0.012 * (len(label) + 1) * (last - first):
                effects = ([withStroke(linewidth=2, foreground="white")]
                           if light else None)
                ax.text((begin + end) / 2, row, label, ha="center",
                        va="center", fontsize=6.5, zorder=3,
                        path_effects=effects, color=INK if light else "white")
    ax.set_xlim(first, last)
    ax.set_ylim(rows[-1] + 0.6, rows[0] - 0.6)
    if len(rows) <= 30:
        ax.set_yticks(rows)
    ax.grid(False, axis="y")
    return entries


def draw_references(ax, panel):
    for line in panel["references"]:
        across = ax.axvline if line["vertical"] else ax.axhline
        across(line["value"], color=GREY, linewidth=1, dashes=(4, 2.5),
               zorder=2.2)


def label_references(ax, panel):
    """After the limits are known: each label at its line."""
    from matplotlib.patheffects import withStroke
    for line in panel["references"]:
        if not line["label"]:
            continue
        text = {"textcoords": "offset points", "fontsize": 7.5, "color": GREY,
                "zorder": 4, "annotation_clip": True,
                "path_effects": [withStroke(linewidth=2.5, foreground="white")]}
        if line["vertical"] and panel["gantt"]:
            ax.annotate(line["label"], (line["value"], 1), (0, 2), ha="center",
                        va="bottom", xycoords=("data", "axes fraction"), **text)
        elif line["vertical"]:
            ax.annotate(line["label"], (line["value"], 1), (3, -2), ha="left",
                        va="top", rotation=90,
                        xycoords=("data", "axes fraction"), **text)
        else:
            ax.annotate(line["label"], (1, line["value"]), (-2, 2.5),
                        ha="right", va="bottom",
                        xycoords=("axes fraction", "data"), **text)


def few_values(panel):
    """The x of all series, ascending, if at most ten and each short to write;
    else []: ticks are then chosen by the range."""
    if panel["gantt"] or panel["categories"]:
        return []
    values = sorted({v for s in panel["series"] for v in numbers(s["x"])
                     if v > 0 or not panel["x"]["log"]})
    short = all(len(short_number(v)) <= 5 for v in values)
    return values if len(values) <= 10 and short else []


def tick_at(ax, log, values):
    """Ticks of x at the values. Labels go from the largest down where there is
    room: 0.075 inch a character and 0.1 between two."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
    place = [math.log(v) if log else v for v in values]
    room = 0.1 + 0.075 * max(len(short_number(v)) for v in values)
    inches = (0.8 * ax.figure.get_size_inches()[0] /
              ax.get_subplotspec().get_gridspec().ncols)
    shown = [len(values) - 1]
    for i in range(len(values) - 2, -1, -1):
        share = (place[shown[-1]] - place[i]) / (place[-1] - place[0])
        shown += [i] if share * inches >= room else []
    ax.xaxis.set_major_locator(FixedLocator([values[i] for i in shown]))
    ax.xaxis.set_major_formatter(FuncFormatter(short_number))
    ax.xaxis.set_minor_locator(FixedLocator(values))
    ax.xaxis.set_minor_formatter(NullFormatter())


def finish_axis(ax, axis, which):
    """Scale, limits, label and readable ticks of one axis."""
    from matplotlib.ticker import (FuncFormatter, LogLocator, MaxNLocator,
                                   NullFormatter)
    is_x = which == "x"
    (ax.set_xlabel if is_x else ax.set_ylabel)(axis_label(axis))
    target = ax.xaxis if is_x else ax.yaxis
    low, high = (ax.get_xlim if is_x else ax.get_ylim)()
    data = ax.dataLim.intervalx if is_x else ax.dataLim.intervaly
    if axis["min"] is not None:
        low = axis["min"]
        if not axis["log"] and data[1] > low and not is_x:
            high = low + 1.05 * (data[1] - low)  # room above the data
    high = axis["max"] if axis["max"] is not None else high
    if axis["min"] is not None or axis["max"] is not None:
        (ax.set_xlim if is_x else ax.set_ylim)(low, high)
    if axis["log"]:
        decades = math.log10(high / low) if low > 0 < high else 1
        if decades < 2.3:
            # Few powers of ten: label some numbers between them, too.
            target.set_major_locator(
                LogLocator(subs=(1, 2, 3, 5) if decades < 1.3 else (1, 2, 5)))
            target.set_minor_formatter(NullFormatter())
            target.set_major_formatter(FuncFormatter(short_number))
    else:
        if not axis.get("categorical"):
            target.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
        if max(abs(low), abs(high)) >= 1e4:
            target.set_major_formatter(FuncFormatter(short_number))


def short_number(value, _=None):
    """1200000 -> 1.2M; below 10,000 as they are."""
    if abs(value) >= 1e4:
        for size, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return "%g%s" % (round(value / size, 3), suffix)
    return "%g" % value


def legend_entries(panels, look):
    """One entry a key, in the order of first occurrence."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    entries, seen = [], set()
    for panel in panels:
        for series in panel["series"]:
            label = series["label"]
            if not label or label in seen:
                continue
            seen.add(label)
            color, dashes, marker = look(series["key"])
            kind = series["kind"]
            if kind == "bar":
                entries.append(Patch(facecolor=color, edgecolor="white",
                                     linewidth=0.4, label=label,
                                     hatch=look.hatch(series["key"])))
            elif kind == "band":
                entries.append(Patch(color=color, alpha=0.3, label=label))
            else:
                points = kind in ("scatter", "errorbar")
                few = kind == "line" and len(series["x"]) <= 24
                line = Line2D([], [], color=color, linewidth=1.8, markersize=5,
                              linestyle="none" if points else "-", label=label,
                              marker=marker if points or few else None)
                if dashes[0] is not None and not points:
                    line.set_dashes(dashes)
                entries.append(line)
    return entries


def draw_panel(ax, panel, look):
    if panel["x"]["log"]:
        ax.set_xscale("log")
    if panel["y"]["log"]:
        ax.set_yscale("log", nonpositive="mask")
    entries = draw_gantt(ax, panel) if panel["gantt"] else []
    draw_bars(ax, panel, look)
    # Later curves are thinner: where some coincide, all of them show.
    width = 2.1
    for series in panel["series"]:
        if series["kind"] != "bar":
            draw_curve(ax, series, look, width)
            width = max(1.3, width - 0.2)
    draw_references(ax, panel)
    if not panel["gantt"] and not panel["x"]["log"]:
        ax.margins(x=0.02)
    panel["x"]["categorical"] = bool(panel["categories"])
    panel["y"]["categorical"] = bool(panel["gantt"])
    finish_axis(ax, panel["x"], "x")
    finish_axis(ax, panel["y"], "y")
    if values := few_values(panel):
        tick_at(ax, panel["x"]["log"], values)
    label_references(ax, panel)
    ax.set_title(panel["title"])
    return entries


def layout(figure):
    """Grid and size in inches: wide enough to read, one page at most."""
    count = len(figure["panels"])
    columns = min(figure["columns"], count)
    rows = -(-count // columns)
    if count == 1 and figure["panels"][0]["gantt"]:
        lanes = len({s[0] for s in figure["panels"][0]["gantt"]})
        return 1, 1, 9.0, min(9.0, 1.6 + 0.26 * lanes)
    width = {1: 6.8, 2: 9.2, 3: 11.5}.get(columns, 3.4 * columns)
    return rows, columns, width, 2.75 * rows + 0.8


def legend_columns(handles, width):
    """As many as fit: the handle, and 0.075 inch a character."""
    longest = max(len(handle.get_label()) for handle in handles)
    return max(1, min(len(handles), int(width / (0.65 + 0.075 * longest))))


def draw_shared_legend(fig, handles):
    """Below all panels."""
    width, height = fig.get_size_inches()
    columns = legend_columns(handles, width)
    fig.legend(handles=handles, loc="outside lower center"
               if has_outside_legend() else "lower center",
               ncol=columns, handlelength=2.8)
    if not has_outside_legend():
        below = (0.12 + 0.2 * -(-len(handles) // columns)) / height
        fig.get_layout_engine().set(w_pad=0.06, h_pad=0.06,
                                    rect=(0, below, 1, 1 - below))


def draw_figure(figure, folder):
    import matplotlib.pyplot as plt
    look = Look(figure)
    rows, columns, width, height = layout(figure)
    fig, axes = plt.subplots(rows, columns, squeeze=False,
                             figsize=(width, height),
                             constrained_layout=True)
    flat = [ax for line in axes for ax in line]
    gantt_entries = []
    for ax, panel in zip(flat, figure["panels"]):
        entries = draw_panel(ax, panel, look)
        gantt_entries += [e for e in entries if e.get_label() not in
                          {g.get_label() for g in gantt_entries}]
        own = legend_entries([panel], look)
        if own and not figure["shared_legend"]:
            ax.legend(handles=own, loc="best")
    for ax in flat[len(figure["panels"]):]:
        ax.set_visible(False)
    mark = "  (incomplete run)" if figure["incomplete"] else ""
    if figure["title"] + mark:
        fig.suptitle((figure["title"] + mark).strip(), fontsize=11.5,
                     fontweight="bold", x=0.012, ha="left",
                     color="#A61C00" if mark else INK)
    shared = legend_entries(figure["panels"], look) if figure["shared_legend"] else []
    if handles := shared + gantt_entries:
        draw_shared_legend(fig, handles)
    for suffix, unset in (("png", "Software"), ("svg", "Date")):
        path = os.path.join(folder, "%s.%s" % (figure["name"], suffix))
        fig.savefig(path + ".part", format=suffix, dpi=PNG_DPI,
                    metadata={unset: None})
        os.replace(path + ".part", path)
        fig.set_layout_engine("none")  # Once: it takes half the time.
    plt.close(fig)


def draw_file(path, folder):
    """Draws one specification; returns what is wrong with it, as a line."""
    try:
        with open(path, encoding="utf-8") as spec:
            draw_figure(json.load(spec), folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return "%s: %s: %s\n" % (path, type(error).__name__, error)
    return ""


def has_outside_legend():
    """Matplotlib 3.7 and later place a legend outside the axes themselves."""
    import matplotlib
    return tuple(int(v) for v in matplotlib.__version__.split(".")[:2]) >= (3, 7)


def main(argv):
    parser = argparse.ArgumentParser(description="draws figure specifications")
    parser.add_argument("--out", required=True, help="folder of the figures")
    parser.add_argument("--threads", type=int, default=0,
                        help="figures drawn at a time; 0: as many as cores")
    parser.add_argument("specs", nargs="+", help="JSON files")
    options = parser.parse_args(argv)
    if options.threads < 0:
        parser.error("--threads is %d, but must be at least 0" % options.threads)
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is missing: sudo apt-get install python3-matplotlib",
              file=sys.stderr)
        return 3
    matplotlib.use("Agg")
    matplotlib.rcParams.update(STYLE)
    # `bazel run` changes the working folder and says which one it was.
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    workers = min(len(options.specs), options.threads or os.cpu_count() or 1)
    fork = multiprocessing.get_context("fork")  # Matplotlib is loaded once.
    with concurrent.futures.ProcessPoolExecutor(workers, fork) as pool:
        errors = list(pool.map(draw_file, options.specs, itertools.repeat(options.out)))
    sys.stderr.write("".join(errors))
    return 1 if any(errors) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
