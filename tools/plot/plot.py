#!/usr/bin/python3
"""Draws figure specifications (JSON) as SVG and PNG.

    plot.py --out FOLDER SPEC.json [SPEC.json ...]

One process draws all figures of an experiment. The specification is written by
muster/benchmarks/harness/figure.h and described there. The output depends on
the specification and the version of Matplotlib alone: no date, fixed ids.

Colours are Okabe and Ito's, chosen to differ for colour-blind readers; line
styles and markers repeat the distinction without colour. A series' look follows
its key, so that a policy looks the same in every panel of a figure.

Exit codes: 0 drawn, 1 a specification is wrong, 3 Matplotlib is missing.
"""

import argparse
import json
import math
import os
import sys
import textwrap

# Okabe & Ito (2008), the yellow last: it is faint on white.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
           "#000000", "#B8A600"]
# Gaps are wide enough to show a curve that lies exactly below.
DASHES = [(None, None), (4.5, 2), (1.3, 1.7), (6, 1.8, 1.3, 1.8),
          (7, 3.5), (3, 1.4, 1.2, 1.4, 1.2, 1.4), (2.4, 2.4),
          (7, 1.8, 3, 1.8)]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
GREY = "#595959"
INK = "#262626"

# Policies that occur in many figures look the same in all of them.
FIXED_STYLES = {"ata": 0, "ata_empirical": 1, "ofta": 2, "gta": 3, "uta": 4}

ACTIVITIES = {
    "compute": "#0072B2",
    "cancelled": "#D55E00",
    "lost": "#000000",
    "expired": "#E69F00",
    "wait": "#BFBFBF",
    "communicate": "#56B4E9",
}

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8C8C8C",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "text.color": INK,
    "svg.hashsalt": "muster",
    "svg.fonttype": "path",
    "path.simplify": True,
}

PNG_DPI = 160


def fixed_style(key):
    """"ATA-Empirical", "ATA Empirical" and "ata_empirical" are one policy."""
    return FIXED_STYLES.get(key.lower().replace("-", "_").replace(" ", "_"))


class Look:
    """Gives each key a colour, a dash pattern and a marker."""

    def __init__(self, figure):
        keys = []
        for panel in figure["panels"]:
            for series in panel["series"]:
                if series["key"] not in keys:
                    keys.append(series["key"])
        taken = {fixed_style(k) for k in keys} - {None}
        free = [i for i in range(len(PALETTE)) if i not in taken]
        self._index = {}
        others = 0
        for key in keys:
            if fixed_style(key) is not None:
                self._index[key] = fixed_style(key)
            else:
                # Past the palette's end colours repeat, dashes and markers
                # shift, so that no two of 64 keys look alike.
                n = others // max(1, len(free))
                base = free[others % len(free)] if free else others
                self._index[key] = base + n * len(PALETTE)
                others += 1

    def __call__(self, key):
        index = self._index[key]
        turn, base = divmod(index, len(PALETTE))
        shifted = (base + turn) % len(PALETTE)
        return PALETTE[base], DASHES[shifted], MARKERS[shifted]


def numbers(values):
    return [math.nan if v is None else float(v) for v in values]


def axis_label(axis):
    """"time [s]", in two lines when it would be longer than the axis."""
    label = axis["label"] or axis["unit"]
    if axis["label"] and axis["unit"]:
        label = "%s [%s]" % (axis["label"], axis["unit"])
    return "\n".join(textwrap.wrap(label, 28)) if len(label) > 28 else label


def draw_band(ax, series, x, low, high, color):
    step = "post" if series["kind"] == "step" else None
    ax.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0,
                    step=step, zorder=1.5)


def draw_curve(ax, series, look, width):
    color, dashes, marker = look(series["key"])
    x, y = numbers(series["x"]), numbers(series["y"])
    low, high = numbers(series["low"]), numbers(series["high"])
    kind = series["kind"]
    if low and kind in ("line", "step"):
        draw_band(ax, series, x, low, high, color)
    if kind == "band":
        draw_band(ax, series, x, low, high, color)
        return
    if kind == "scatter":
        few = len(x) <= 24
        ax.plot(x, y, linestyle="none", marker=marker, color=color,
                markersize=8 if few else 4, markeredgecolor="white",
                markeredgewidth=0.6 if few else 0, alpha=1 if few else 0.8,
                zorder=3)
        return
    if kind == "errorbar":
        reach = [[b - a for a, b in zip(low, y)], [b - a for a, b in zip(y, high)]]
        ax.errorbar(x, y, yerr=reach, linestyle="none", marker=marker,
                    markersize=5.5, color=color, capsize=3, elinewidth=1.2,
                    capthick=1.2, zorder=3)
        return
    few = len(x) <= 24
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
               color=color, zorder=2, edgecolor="white", linewidth=0.4)
        low, high = numbers(series["low"]), numbers(series["high"])
        if low:
            reach = [[b - a for a, b in zip(low, y)],
                     [b - a for a, b in zip(y, high)]]
            ax.errorbar(x, y, yerr=reach, linestyle="none", color=INK,
                        capsize=2, elinewidth=0.9, capthick=0.9, zorder=3)
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
    span = (max(s[2] for s in panel["gantt"]) -
            min(s[1] for s in panel["gantt"])) or 1.0
    for name in names:
        color = ACTIVITIES.get(name)
        if color is None:
            color = spare[len(entries) % len(spare)]
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
            if label and (end - begin) / span > 0.012 * (len(label) + 1):
                effects = ([withStroke(linewidth=2, foreground="white")]
                           if light else None)
                ax.text((begin + end) / 2, row, label, ha="center",
                        va="center", fontsize=6.5, zorder=3,
                        path_effects=effects, color=INK if light else "white")
    ax.set_xlim(min(s[1] for s in panel["gantt"]),
                max(s[2] for s in panel["gantt"]))
    ax.set_ylim(rows[-1] + 0.6, rows[0] - 0.6)
    if len(rows) <= 30:
        ax.set_yticks(rows)
    ax.grid(False, axis="y")
    return entries


def draw_references(ax, panel):
    for line in panel["references"]:
        if line["vertical"]:
            ax.axvline(line["value"], color=GREY, linewidth=1,
                       dashes=(4, 2.5), zorder=2.2)
        else:
            ax.axhline(line["value"], color=GREY, linewidth=1,
                       dashes=(4, 2.5), zorder=2.2)


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


def finish_axis(ax, axis, which):
    """Scale, limits, label and readable ticks of one axis."""
    from matplotlib.ticker import (FuncFormatter, LogLocator, MaxNLocator,
                                   NullFormatter)
    is_x = which == "x"
    (ax.set_xlabel if is_x else ax.set_ylabel)(axis_label(axis))
    target = ax.xaxis if is_x else ax.yaxis
    limits = ax.get_xlim if is_x else ax.get_ylim
    low, high = limits()
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


def short_number(value, _):
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
                entries.append(Patch(color=color, label=label))
            elif kind == "band":
                entries.append(Patch(color=color, alpha=0.3, label=label))
            elif kind in ("scatter", "errorbar"):
                entries.append(Line2D([], [], color=color, marker=marker,
                                      linestyle="none", markersize=5,
                                      label=label))
            else:
                line = Line2D([], [], color=color, linewidth=1.8,
                              marker=marker if len(series["x"]) <= 24 and
                              kind == "line" else None,
                              markersize=4.5, label=label)
                if dashes[0] is not None:
                    line.set_dashes(dashes)
                entries.append(line)
    return entries


def draw_panel(ax, panel, look):
    for which in ("x", "y"):
        if panel[which]["log"]:
            if which == "x":
                ax.set_xscale("log")
            else:
                ax.set_yscale("log", nonpositive="mask")
    entries = []
    if panel["gantt"]:
        entries = draw_gantt(ax, panel)
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
    label_references(ax, panel)
    if panel["title"]:
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
    title = figure["title"]
    if figure["incomplete"]:
        title = (title + "  " if title else "") + "(incomplete run)"
    if title:
        fig.suptitle(title, fontsize=11.5, fontweight="bold", x=0.012,
                     ha="left",
                     color="#A61C00" if figure["incomplete"] else INK)
    handles = gantt_entries
    if figure["shared_legend"]:
        handles = legend_entries(figure["panels"], look) + gantt_entries
    if handles:
        columns = legend_columns(handles, width)
        fig.legend(handles=handles, loc="outside lower center"
                   if has_outside_legend() else "lower center",
                   ncol=columns, handlelength=2.8)
        if not has_outside_legend():
            below = (0.12 + 0.2 * -(-len(handles) // columns)) / height
            fig.get_layout_engine().set(w_pad=0.06, h_pad=0.06,
                                        rect=(0, below, 1, 1 - below))
    for suffix, options in (("svg", {"metadata": {"Date": None}}),
                            ("png", {"dpi": PNG_DPI,
                                     "metadata": {"Software": None}})):
        path = os.path.join(folder, "%s.%s" % (figure["name"], suffix))
        temporary = path + ".part"
        fig.savefig(temporary, format=suffix, **options)
        os.replace(temporary, path)
    plt.close(fig)


def legend_columns(handles, width):
    """As many columns as fit: the handle, and 0.075 inch a character."""
    longest = max(len(handle.get_label()) for handle in handles)
    return max(1, min(len(handles), int(width / (0.65 + 0.075 * longest))))


def has_outside_legend():
    """Matplotlib 3.7 and later place a legend outside the axes themselves."""
    import matplotlib
    return tuple(int(v) for v in matplotlib.__version__.split(".")[:2]) >= (3, 7)


def main(argv):
    parser = argparse.ArgumentParser(description="draws figure specifications")
    parser.add_argument("--out", required=True, help="folder of the figures")
    parser.add_argument("specs", nargs="+", help="JSON files")
    options = parser.parse_args(argv)
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is missing: sudo apt-get install python3-matplotlib",
              file=sys.stderr)
        return 3
    matplotlib.use("Agg")
    matplotlib.rcParams.update(STYLE)
    # `bazel run` changes the working folder and says which one it was.
    folder = os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd())
    for path in options.specs:
        try:
            with open(os.path.join(folder, path), encoding="utf-8") as spec:
                figure = json.load(spec)
            draw_figure(figure, os.path.join(folder, options.out))
        except (OSError, ValueError, KeyError, TypeError) as error:
            print("%s: %s: %s" % (path, type(error).__name__, error),
                  file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
