# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of the benchmark as a table and as a plot."""

from __future__ import annotations

import math
from typing import Any

LIMIT = "limit"
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 760, 420, 60, 40, 50, 250
_COLOURS = ("#b91c1c", "#c2410c", "#a16207", "#4d7c0f", "#0f766e", "#1d4ed8", "#6b7280", "#7e22ce")

Row = dict[str, Any]


def table(results: dict[str, Any]) -> str:
    """The results in Markdown: a table a case with a line a way and a column a size, and the figures beside them."""
    parts = [
        _case_table([row for row in results["rows"] if row["case"] == case], case) for case in _cases(results["rows"])
    ]
    p95 = results["bystander_p95_ms"]
    parts.append(
        f"Memory for 1,000 agents: {results['megabytes_for_1000']:.0f} MB. "
        f"Bystander's p95: {p95['alone']:.1f} ms alone, {p95['during']:.1f} ms during. Machine: {results['machine']}.\n"
    )
    return "\n".join(parts)


def _cases(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["case"] for row in rows))


def _case_table(rows: list[Row], case: str) -> str:
    sizes = sorted({row["agents"] for row in rows})
    lines = [f"**{case}**, seconds (calls)\n", f"| Way | {' | '.join(f'{size} agents' for size in sizes)} |"]
    lines.append("|---|" + "--:|" * len(sizes))
    for way in dict.fromkeys(row["way"] for row in rows):
        found = {row["agents"]: row for row in rows if row["way"] == way}
        cells = [
            f"{found[size]['seconds']:.2f} ({found[size].get('calls', '')})" if size in found else "" for size in sizes
        ]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def plot(rows: list[Row], case: str = "change") -> str:
    """An SVG of wall time over number of agents, both logarithmic, a line a way; readable on light and dark pages."""
    rows = [row for row in rows if row["case"] == case and "real" not in row["way"]]
    sizes = sorted({row["agents"] for row in rows})
    low, high = 10 ** math.floor(math.log10(min(row["seconds"] for row in rows))), max(row["seconds"] for row in rows)

    span = math.log(max(sizes[-1], sizes[0] + 1) / sizes[0])

    def x(agents: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log(agents / sizes[0]) / span

    def y(seconds: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * math.log(seconds / low) / math.log(high / low)

    title = "Seconds until all agents have changed, over the number of agents"
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14">{title}</text>',
    ]
    for exponent in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        at = 10.0**exponent
        if low <= at <= high:
            parts.append(f'<path d="M{_LEFT} {y(at):.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>')
            parts.append(f'<text x="{_LEFT - 8}" y="{y(at) + 4:.1f}" text-anchor="end">{at:g} s</text>')
    below = _HEIGHT - _BOTTOM + 20
    parts += [f'<text x="{x(size):.1f}" y="{below}" text-anchor="middle">{size:,}</text>' for size in sizes]
    ways = sorted(dict.fromkeys(row["way"] for row in rows), key=lambda way: -_largest(rows, way))
    for number, way in enumerate(ways):
        colour, of_way = (
            _COLOURS[number % len(_COLOURS)],
            sorted((r["agents"], r["seconds"]) for r in rows if r["way"] == way),
        )
        points = " ".join(f"{x(agents):.1f},{y(seconds):.1f}" for agents, seconds in of_way)
        dash = ' stroke-dasharray="5 4"' if way == LIMIT else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        label = _TOP + 16 + number * 22
        parts.append(f'<path d="M{_WIDTH - _RIGHT + 20} {label - 4}h18" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 44}" y="{label}">{way}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _largest(rows: list[Row], way: str) -> float:
    """The seconds for the largest floor that all ways have in common, to order the legend as the lines lie."""
    common = min(max(row["agents"] for row in rows if row["way"] == name) for name in {row["way"] for row in rows})
    return next(float(row["seconds"]) for row in rows if row["way"] == way and row["agents"] == common)
