"""A picture of the results, as SVG: a bar per subject, for the rows that are measured in ms beside podman or docker.

    python bench/plot.py RESULTS.json... > docs/bench.svg

RESULTS.json is what `make bench BENCH='--json RESULTS.json'` writes. Bars of one row are drawn to the row's own scale,
its longest one being full length: only within a row can they be compared.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path
from typing import Any

from measure import SUBJECTS, digits

_COLOURS = {"floor": "#9aa0a6", "library": "#1b6ac9", "CLI": "#4f9bea", "podman": "#892ca0", "docker": "#2496ed"}
_WIDTH, _LABELS, _BARS, _BAR, _GAP = 860, 300, 420, 14, 16  # px


def picture(results: list[dict[str, Any]]) -> str:
    """The SVG."""
    parts: list[str] = []
    top = 56
    for result in results:
        medians: dict[str, float] = result["medians"]
        if result["unit"] != "ms" or not {"podman", "docker"} & medians.keys():
            continue
        name = f"{result['name']} ({result['runtime']})" if result["runtime"] else result["name"]
        longest = max(medians.values())
        shown = [subject for subject in SUBJECTS if subject in medians]
        parts.append(_text(_LABELS - 12, top + len(shown) * _BAR / 2 + 4, name, anchor="end"))
        for subject in shown:
            length = max(1.0, medians[subject] / longest * _BARS)
            parts.append(
                f'<rect x="{_LABELS}" y="{top}" width="{length:.1f}" height="{_BAR - 2}" fill="{_COLOURS[subject]}"/>'
            )
            parts.append(_text(_LABELS + length + 6, top + _BAR - 4, f"{digits(medians[subject])} ms"))
            top += _BAR
        top += _GAP
    legend = []
    for number, subject in enumerate(SUBJECTS):
        left = _LABELS + number * 96
        legend.append(f'<rect x="{left}" y="18" width="12" height="12" fill="{_COLOURS[subject]}"/>')
        legend.append(_text(left + 18, 28, subject))
    size = f'width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect {size} fill="white"/>', *legend, *parts, "</svg>"])


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


if __name__ == "__main__":
    print(picture([result for path in sys.argv[1:] for result in json.loads(Path(path).read_text())]))
