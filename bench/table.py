"""The results as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measure import SUBJECTS, digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from measure import Result


def table(results: Iterable[Result], absent: Mapping[str, str]) -> str:
    """Markdown: a line per row and runtime, medians, then the goals with their figures."""
    head = ["row", "runtime", "unit", *SUBJECTS, "goal", "reached"]
    lines = [head, ["-" * len(word) for word in head]]
    for result in results:
        cells = [digits(result.medians[one]) if one in result.medians else _gap(one, absent) for one in SUBJECTS]
        goals = [words for words, _, _ in result.goals]
        figures = [f"{digits(figure)} {'yes' if reached else 'NO'}" for _, figure, reached in result.goals]
        lines.append([result.name, result.runtime, result.unit, *cells, "; ".join(goals), "; ".join(figures)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _gap(subject: str, absent: Mapping[str, str]) -> str:
    return absent.get(subject, "-")
