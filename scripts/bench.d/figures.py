"""Figures: what was measured, in numbers, and how they are shown. Knows nothing of how they were come by."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace

ENOUGH_FOR_P95 = 20
"""With fewer values the 95th percentile is just the largest."""


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    what: str
    unit: str
    values: list[float]
    beside: tuple[str, list[float]] | None = None
    """What it is compared with: a name, and values measured in alternation with ours."""
    at_most: float | None = None
    """The target for the median."""
    ratio_at_most: float | None = None
    """The target for the ratio."""
    measurement: str = ""

    def of(self, measurement: str) -> Figure:
        return replace(self, measurement=measurement)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def p95(self) -> float | None:
        return percentile(self.values, 95) if len(self.values) >= ENOUGH_FOR_P95 else None

    @property
    def ratio(self) -> float | None:
        """How many times the median of what it is compared with."""
        return self.median / statistics.median(self.beside[1]) if self.beside else None

    def is_missed(self) -> bool:
        too_much = self.at_most is not None and self.median > self.at_most
        too_many_times = self.ratio_at_most is not None and self.ratio is not None and self.ratio > self.ratio_at_most
        return too_much or too_many_times

    @property
    def target(self) -> str:
        """The targets in words."""
        median = [f"≤ {self.at_most:g} {self.unit}"] if self.at_most is not None else []
        return " and ".join(median + ([f"ratio ≤ {self.ratio_at_most:g}"] if self.ratio_at_most is not None else []))

    def as_json(self) -> dict:
        return {
            "measurement": self.measurement,
            "what": self.what,
            "unit": self.unit,
            "count": len(self.values),
            "median": self.median,
            "min": min(self.values),
            "p95": self.p95,
            "beside": {"name": self.beside[0], "median": statistics.median(self.beside[1])} if self.beside else None,
            "ratio": self.ratio,
            "target": self.at_most,
            "ratio_target": self.ratio_at_most,
            "missed": self.is_missed(),
        }

    def as_cells(self) -> list[str]:
        return [
            self.measurement,
            self.what,
            f"{shown(self.median)} {self.unit}",
            shown(min(self.values)) if len(self.values) > 1 else "",
            shown(self.p95),
            f"{self.beside[0]} {shown(statistics.median(self.beside[1]))}" if self.beside else "",
            f"{self.ratio:.2f}" if self.beside else "",
            self.target,
            ("MISS" if self.is_missed() else "ok") if self.target else "",
        ]


HEADER = ["", "figure", "median", "min", "p95", "beside", "ratio", "target", ""]
LEFT_ALIGNED = {0, 1, 8}


def table(figures: list[Figure]) -> str:
    """The figures as aligned columns, each measurement named once."""
    rows = [HEADER]
    for figure in figures:
        cells = figure.as_cells()
        if any(row[0] == cells[0] for row in rows):
            cells[0] = ""
        rows.append(cells)
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join(line(row, widths) for row in rows)


def line(cells: list[str], widths: list[int]) -> str:
    aligned = (
        cell.ljust(width) if column in LEFT_ALIGNED else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths))
    )
    return "  ".join(aligned).rstrip()


def shown(value: float | None) -> str:
    """A number with about three digits that matter."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def percentile(values: list[float], percent: int) -> float:
    """By nearest rank: a value that was really seen."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
