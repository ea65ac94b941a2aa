"""How figures look: colours, dashes, markers, hatches, fonts.

Colours are Okabe and Ito's, chosen to differ for colour-blind readers; line
styles and markers repeat the distinction without colour. A series' look follows
its key, so that a policy looks the same in every panel of a figure.
"""

import itertools

# Okabe & Ito (2008), the yellow last: it is faint on white.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
           "#000000", "#B8A600"]
# Gaps are wide enough to show a curve that lies exactly below.
DASHES = [(None, None), (4.5, 2), (1.3, 1.7), (6, 1.8, 1.3, 1.8),
          (7, 3.5), (3, 1.4, 1.2, 1.4, 1.2, 1.4), (2.4, 2.4), (7, 1.8, 3, 1.8)]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
HATCHES = [None, "////", "\\\\\\\\", "xxxx", "....", "++++", "oooo", "----"]
GREY, INK = "#595959", "#262626"
PNG_DPI = 160

# Policies and methods that occur in many figures look the same in all of them.
# Numbers as of Look: a colour of the palette, plus its size for each turn.
FIXED_STYLES = {
    "ata": 0, "ata_empirical": 1, "ofta": 2, "gta": 3, "uta": 4,
    # Dispatching. A clusterer alone looks like the method that uses it.
    "k_means++_merge/split,_nearest_(paper)": 0, "k_means++_merge/split": 0,
    "balanced_k_means,_price": 1, "balanced_k_means": 1,
    "partition_tree_(bpt)": 2, "lsh": 3, "random": 4,
    "equal_sizes_(5_%),_price": 5, "k_means++_merge/split,_centre": 12,
    "balanced_k_means,_nearest": 7,
    "lp_rounding,_k_median": 10, "lp_k_median_(paper)": 10,
    "lp_rounding,_k_means": 11, "lp_k_means_(paper)": 11,
    "lp_k_means,_distinct_copies": 13, "online_balancer": 14, "w_/_8": 22,
    "k_means++_merge/split,_tree_search_(paper)": 18,
}

ACTIVITIES = {"compute": "#0072B2", "cancelled": "#D55E00", "lost": "#000000",
              "expired": "#E69F00", "wait": "#BFBFBF", "communicate": "#56B4E9"}

STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK,
    "axes.titlesize": 9.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.labelsize": 9, "axes.labelcolor": INK,
    "axes.edgecolor": "#8C8C8C", "axes.linewidth": 0.7,
    "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6, "xtick.color": INK, "xtick.labelsize": 8,
    "ytick.color": INK, "ytick.labelsize": 8,
    "legend.fontsize": 8.5, "legend.frameon": False,
    "hatch.linewidth": 0.8, "path.simplify": True,
    "svg.hashsalt": "muster", "svg.fonttype": "path",
}


def fixed_style(key):
    """"ATA-Empirical", "ATA Empirical" and "ata_empirical" are one policy."""
    return FIXED_STYLES.get(key.lower().replace("-", "_").replace(" ", "_"))


def free_styles(taken):
    """Styles that are not taken, in colours that are not while there are any:
    no two of 64 keys look alike."""
    size = len(PALETTE)
    colours = {style % size for style in taken}
    bases = [b for b in range(size) if b not in colours] or range(size)
    for turn in itertools.count():
        yield from (turn * size + b for b in bases
                    if turn * size + b not in taken)


class Look:
    """Gives each key a colour, a dash pattern and a marker: a number whose
    remainder by the palette's size is the colour, while each turn round the
    palette shifts dashes and marker, and hatches bars."""

    def __init__(self, figure):
        keys = dict.fromkeys(series["key"] for panel in figure["panels"]
                             for series in panel["series"])
        self._index = {key: fixed_style(key) for key in keys}
        others = free_styles(set(self._index.values()) - {None})
        for key in keys:
            if self._index[key] is None:
                self._index[key] = next(others)

    def __call__(self, key):
        turn, base = divmod(self._index[key], len(PALETTE))
        shifted = (base + turn) % len(PALETTE)
        return PALETTE[base], DASHES[shifted], MARKERS[shifted]

    def hatch(self, key):
        """What tells bars of one colour apart."""
        return HATCHES[self._index[key] // len(PALETTE) % len(HATCHES)]
