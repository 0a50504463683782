"""Pictures as SVG text, by matplotlib: the same input gives the same bytes, and they read in light and in dark.

Writing and axes take the colour of the text around the picture (`currentColor`), lines and bars mid-tones that stand
out from white and from near-black alike; series differ by dash too. Text stays text, so that it can be read aloud,
searched and copied. matplotlib is an extra: it is imported inside these functions and nowhere else.
"""

import io
import math
import re
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from economy.errors import PlotsMissingError

PALETTE = ("#2f7fd1", "#c2541b", "#2a9060", "#a55bc4", "#8a7414", "#c8467f", "#5c7a8a", "#7a63d6")
"""Colours of series: each has a contrast of 3 or more with the page's light and with its dark ground."""
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 2, 2)))
MAX_TICKS = 9
MAX_BARS = 60

_INK = "#010203"
"""Stands for the colour of text until the picture is written; no other thing has it."""
_FONTS = "system-ui, 'DejaVu Sans', sans-serif"
_SETTINGS: Any = {
    "svg.hashsalt": "mithqal", "svg.fonttype": "none", "text.parse_math": False, "axes.unicode_minus": True,
    "font.family": "DejaVu Sans", "font.size": 10.5, "axes.titlesize": 12, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.titlepad": 10, "text.color": _INK, "axes.edgecolor": _INK,
    "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "grid.color": _INK, "grid.alpha": 0.14,
    "grid.linewidth": 0.8, "axes.grid": True, "axes.axisbelow": True, "axes.facecolor": "none",
    "figure.facecolor": "none", "savefig.facecolor": "none", "axes.spines.top": False, "axes.spines.right": False,
    "axes.linewidth": 0.8, "legend.frameon": False, "legend.handlelength": 2.6, "lines.linewidth": 1.9,
    "lines.solid_capstyle": "round", "path.simplify": True, "path.simplify_threshold": 0.4,
    "axes.formatter.use_mathtext": False, "axes.formatter.useoffset": False,
}  # fmt: skip
_SIZE = (8.4, 4.2)
_BAND = 0.28
_TITLE_WIDTH = 78


def line_chart(
    title: str, x: Sequence[str] | Sequence[float], series: Mapping[str, Sequence[float]], *, unit: str
) -> str:
    """Lines over `x` (numbers, ISO dates or names in order); a NaN is a gap. `unit` names the vertical axis."""
    assert series, "a picture shows something"
    for name, values in series.items():
        assert len(values) == len(x), f"{name}: {len(values)} values over {len(x)} places"

    def draw(axes: Any) -> None:
        places = _horizontal(axes, x)
        for number, (name, values) in enumerate(series.items()):
            style = DASHES[number % len(DASHES)]
            mark = "o" if len(x) == 1 else None
            axes.plot(places, list(values), label=name, color=_colour(number), linestyle=style, marker=mark)
        axes.set_ylabel(unit)
        _margins(axes, x)
        _legend(axes, len(series))

    return _picture(title, _told(x, series, unit), draw)


def fan_chart(
    title: str, x: Sequence[str] | Sequence[float], percentiles: Mapping[int, Sequence[float]], *, unit: str
) -> str:
    """Bands between a percentile and its mirror (5 and 95, 25 and 75), the others, such as the median, as lines."""
    assert percentiles, "a picture shows something"
    for rank, values in percentiles.items():
        assert 0 <= rank <= 100, f"a percentile is 0 to 100, not {rank}"
        assert len(values) == len(x), f"{rank}: {len(values)} values over {len(x)} places"
    pairs = [rank for rank in sorted(percentiles) if rank < 50 and 100 - rank in percentiles]
    lines = [rank for rank in sorted(percentiles) if rank not in pairs and 100 - rank not in pairs]

    def draw(axes: Any) -> None:
        places = _horizontal(axes, x)
        for number, rank in enumerate(pairs):
            low, high = list(percentiles[rank]), list(percentiles[100 - rank])
            axes.fill_between(places, low, high, color=PALETTE[0], alpha=_BAND, linewidth=0)
            shade = 1 - (1 - _BAND) ** (number + 1)  # an inner band lies on the outer ones
            axes.fill_between([], [], color=PALETTE[0], alpha=shade, linewidth=0, label=f"{rank} to {100 - rank} %")
        for number, rank in enumerate(lines):
            name = "median" if rank == 50 else f"{rank} %"
            colour = _INK if rank == 50 else _colour(number + 1)
            axes.plot(places, list(percentiles[rank]), color=colour, linestyle=DASHES[number % len(DASHES)], label=name)
        axes.set_ylabel(unit)
        _margins(axes, x)
        _legend(axes, len(pairs) + len(lines))

    return _picture(title, _told(x, {f"{rank} %": percentiles[rank] for rank in sorted(percentiles)}, unit), draw)


def bar_chart(title: str, labels: Sequence[str], values: Sequence[float], *, unit: str) -> str:
    """Horizontal bars in the order given, each with its value beside it; at most `MAX_BARS`."""
    assert len(labels) == len(values), f"{len(values)} values for {len(labels)} names"
    assert 0 < len(values) <= MAX_BARS, f"1 to {MAX_BARS} bars, not {len(values)}"

    def draw(axes: Any) -> None:
        places = range(len(values))
        axes.barh(places, list(values), color=PALETTE[0], height=0.68)
        axes.set_yticks(places, list(labels))
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(unit)
        axes.axvline(0, color=_INK, linewidth=0.8)
        for place, value in zip(places, values, strict=True):
            if math.isfinite(value):
                offset, side = (4, "left") if value >= 0 else (-4, "right")
                axes.annotate(_short(value), (value, place), xytext=(offset, 0), textcoords="offset points",
                              va="center", ha=side)  # fmt: skip
        axes.margins(x=0.12, y=0.02)

    told = f"{unit}: " + "; ".join(f"{name} {_short(value)}" for name, value in zip(labels, values, strict=True))
    return _picture(title, told, draw, height=max(1.9, 1.1 + 0.33 * len(values)))


def _picture(title: str, told: str, draw: Callable[[Any], None], height: float = _SIZE[1]) -> str:
    """The SVG text of a picture with a title and a description for those who do not see it."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotsMissingError("pictures need matplotlib: pip install 'mithqal[plots]'") from error
    stream = io.StringIO()
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the reader's own fonts have it
        figure = Figure(figsize=(_SIZE[0], height), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_title(textwrap.fill(title, _TITLE_WIDTH))
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(stream, format="svg", metadata=nothing)
    return _cleaned(stream.getvalue(), title, told)


def _cleaned(svg: str, title: str, told: str) -> str:
    """matplotlib's file as an element of a page: no prologue, no metadata, our colours and fonts, title and words."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)  # it would style the whole page
    svg = re.sub(r"<[^>]*>", lambda tag: tag[0].replace(_INK, "currentColor").replace("'DejaVu Sans'", _FONTS), svg)
    opening, rest = svg.split(">", 1)
    opening += ' role="img" aria-labelledby="title told" style="stroke-linejoin: round; stroke-linecap: butt"'
    words = f'<title id="title">{escape(title)}</title>\n<desc id="told">{escape(told)}</desc>'
    return f"{opening}>\n {words}{rest}".rstrip() + "\n"


def _horizontal(axes: Any, x: Sequence[str] | Sequence[float]) -> Sequence[Any]:
    """Where the values stand: numbers and dates by their size, names one after the other with few enough labels."""
    if not all(isinstance(place, str) for place in x):
        return list(x)
    names = [str(place) for place in x]
    try:
        days = [date.fromisoformat(name) for name in names]
    except ValueError:
        step = max(1, math.ceil(len(names) / MAX_TICKS))
        axes.set_xticks(range(0, len(names), step), names[::step])
        return range(len(names))
    from matplotlib import dates

    untyped: Any = dates
    locator = untyped.AutoDateLocator(minticks=3, maxticks=MAX_TICKS)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    return days


def _margins(axes: Any, x: Sequence[Any]) -> None:
    """Lines go from edge to edge; a single place needs air."""
    axes.margins(x=0.01 if len(x) > 1 else 0.2)


def _legend(axes: Any, count: int) -> None:
    """Names below the picture, where they cover nothing."""
    if count > 1:
        axes.figure.legend(loc="outside lower left", ncols=min(count, 4))


def _colour(number: int) -> str:
    """The colour of a series."""
    return PALETTE[number % len(PALETTE)]


def _told(x: Sequence[Any], series: Mapping[str, Sequence[float]], unit: str) -> str:
    """A picture of lines in words: what runs from where to where."""
    if not len(x):
        return f"{unit}: nothing"
    ends = "; ".join(f"{name} {_short(values[0])} to {_short(values[-1])}" for name, values in series.items())
    return f"{unit}, from {x[0]} to {x[-1]}: {ends}"


def _short(value: float) -> str:
    """A number as a label: five significant digits at most, thousands parted."""
    if not math.isfinite(value):
        return "none"
    rounded = float(f"{value:.5g}")
    if rounded == int(rounded):
        text = f"{int(rounded):,}"
    else:
        text = f"{rounded:,.{max(0, 4 - math.floor(math.log10(abs(rounded))))}f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")
