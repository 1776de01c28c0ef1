"""Draws the plots of a file of results: `python draw.py bench.json FOLDER`; `growth.json` and `lambda.json` too.

Runs where matplotlib is, and nothing of ours.

Texts and lines take the reader's colours, light or dark.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

# Exchanged for colours of the page that the plot is shown on.
INK, FAINT = "#010203", "#040506"
STYLE = """<style>
 :root { --ink: #1f2328; --faint: #8c959f; }
 @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --faint: #7d8590; } }
</style>"""
OURS, OTHERS = "#2f81f7", "#9aa4b0"
PARTS = {"API": "#2f81f7", "worker": "#e3963e", "PostgreSQL": "#4d9f6c", "queue": "#a371f7"}
ORDER = ("waybill", "pgqueuer", "celery", "original")
LOOKS = {"reap, each 5 s": "reap_ms", "reconcile, each 30 s": "count_expected_ms"}
LABELS = {"waybill": "Waybill", "pgqueuer": "PgQueuer", "celery": "Celery", "original": "original design"}

plt.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "waybill",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": FAINT,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
    }
)


def main(source: Path, folder: Path) -> None:
    """Draw what there are figures for."""
    found: dict[str, Any] = json.loads(source.read_text())["medians"]
    {"bench": bench, "growth": growth, "lambda": batches}[source.stem](found, folder)


def bench(found: dict[str, Any], folder: Path) -> None:
    """The systems side by side."""
    rates(found, "accept", "Accepts per second, one API process, 32 connections", folder / "accept.svg")
    rates(found, "drain", "Tasks per second, two worker processes, 5,000 waiting", folder / "drain.svg")
    latency(found, folder / "latency.svg")
    cpu(found, folder / "cpu.svg")


def growth(found: dict[str, Any], folder: Path) -> None:
    """Rates over finished tasks, and what the looks of a relay take over live ones."""
    cases = {case: one for case, one in found.get("finished", {}).items() if one}
    rates_of = {"accepts/s": "accept_per_second", "drain tasks/s": "drain_per_second"}
    if cases:
        shown = {name: [one[key] for one in cases.values()] for name, key in rates_of.items()}
        grouped("Tasks a second over finished tasks in the tables", list(cases), shown, folder / "growth.svg")
    if looks := found.get("looks"):
        shown = {name: [one[key] for one in looks.values()] for name, key in LOOKS.items()}
        grouped("What a relay's looks take over live tasks, ms", list(looks), shown, folder / "looks.svg")


def batches(found: dict[str, Any], folder: Path) -> None:
    """CPU for a task over the size of a batch."""
    sizes = [name.removeprefix("batch_") for name in found if name.startswith("batch_")]
    shown = {"CPU ms for a task": [found[f"batch_{size}"]["cpu_ms"] / int(size) for size in sizes]}
    grouped("The function: CPU milliseconds for a task, by batch size", sizes, shown, folder / "lambda.svg")


def grouped(title: str, cases: list[str], shown: dict[str, list[float]], path: Path) -> None:
    """Bars for each case, the first on top; one colour for each name."""
    names, height = [f"{int(case):,}" for case in cases], 0.8 / len(shown)
    axes = canvas(title, names, len(shown))
    axes.invert_yaxis()
    limit = max(max(values) for values in shown.values())
    for place, (name, values) in enumerate(shown.items()):
        lines = [line + (place - (len(shown) - 1) / 2) * height for line in range(len(names))]
        axes.barh(lines, values, height=height * 0.9, color=list(PARTS.values())[place], label=name)
        for line, value in zip(lines, values, strict=True):
            text = f"{value:,.0f}" if limit >= 100 else f"{value:.2f}"
            axes.text(value + limit * 0.012, line, text, va="center", ha="left")
    axes.set_xlim(0, limit * 1.14)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    if len(shown) > 1:
        axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.45, -0.12), handlelength=1)
    save(axes, path)


def systems(found: dict[str, Any], phase: str) -> list[str]:
    """Those that were measured, the best known last: bars are drawn from the bottom."""
    return [name for name in reversed(ORDER) if phase in found.get(name, {})]


def canvas(title: str, names: list[str], bars: int = 1) -> Any:
    """Axes with a line for each name, of so many bars."""
    figure, axes = plt.subplots(figsize=(7.2, 0.9 + (0.12 + 0.3 * bars) * len(names)), layout="constrained")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_yticks(range(len(names)), [LABELS.get(name, name) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", color=FAINT)
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    return axes


def rates(found: dict[str, Any], phase: str, title: str, path: Path) -> None:
    """Bars of a rate, and what nobody could pass."""
    if not (names := systems(found, phase)):
        return
    axes = canvas(title, names)
    values = [found[name][phase]["per_second"] for name in names]
    axes.barh(range(len(names)), values, height=0.62, color=[OURS if name == "waybill" else OTHERS for name in names])
    ceiling = ceiling_of(found, phase)
    limit = max([*values, ceiling[1] if ceiling else 0])
    for line, value in enumerate(values):
        axes.text(value + limit * 0.012, line, f"{value:,.0f}", va="center", ha="left")
    if ceiling:
        axes.axvline(ceiling[1], color=FAINT, linestyle=(0, (4, 3)), linewidth=1.2)
        axes.text(ceiling[1] - limit * 0.012, 0, f"{ceiling[0]}: {ceiling[1]:,.0f}", va="center", ha="right")
    axes.set_xlim(0, limit * 1.12)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    save(axes, path)


def ceiling_of(found: dict[str, Any], phase: str) -> tuple[str, float] | None:
    """What bounds a phase, and where; the lowest of the ceilings that were measured."""
    known = found.get("ceilings", {})
    if phase == "accept" and "http_no_database" in known:
        return "Waybill's API without a database", known["http_no_database"]["per_second"]
    if phase == "drain" and {"postgres", "queue"} <= known.keys():
        postgres, queue = known["postgres"]["work_per_second"], known["queue"]["work_per_second"]
        return ("PostgreSQL alone", postgres) if postgres < queue else ("queue endpoint alone", queue)
    return None


def latency(found: dict[str, Any], path: Path) -> None:
    """From the median to the 99th percentile."""
    if not (names := systems(found, "latency")):
        return
    axes = canvas("POST to completed at 20 tasks a second, ms: median, 95 %, 99 %", names)
    for line, name in enumerate(names):
        shares = [found[name]["latency"][f"p{share}_ms"] for share in (50, 95, 99)]
        color = OURS if name == "waybill" else OTHERS
        axes.plot([shares[0], shares[2]], [line, line], color=color, linewidth=3, solid_capstyle="round")
        axes.scatter(shares, [line] * 3, s=[70, 34, 34], color=color, zorder=3)
        axes.annotate(f"{shares[0]:.1f}", (shares[0], line), (0, 8), textcoords="offset points", ha="center")
        axes.annotate(f"{shares[2]:.1f}", (shares[2], line), (8, 0), textcoords="offset points", va="center")
    axes.set_xlim(0, axes.get_xlim()[1] * 1.08)
    axes.set_ylim(-0.5, len(names) - 0.3)
    save(axes, path)


def cpu(found: dict[str, Any], path: Path) -> None:
    """What a task costs, part by part."""
    names = [name for name in systems(found, "drain") if "accept" in found[name]]
    if not names:
        return
    axes = canvas("CPU milliseconds for a task, accepted and drained at full load", names)
    left = [0.0] * len(names)
    for part, color in PARTS.items():
        key = {"API": "api_cpu_ms", "worker": "worker_cpu_ms", "PostgreSQL": "postgres_cpu_ms"}.get(
            part, "queue_cpu_ms"
        )
        values = [max(0.0, sum(found[name][phase].get(key, 0.0) for phase in ("accept", "drain"))) for name in names]
        axes.barh(range(len(names)), values, left=left, height=0.62, color=color, label=part)
        left = [total + value for total, value in zip(left, values, strict=True)]
    for line, total in enumerate(left):
        axes.text(total + max(left) * 0.012, line, f"{total:.2f}", va="center", ha="left")
    axes.set_xlim(0, max(left) * 1.12)
    axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.45, -0.12), handlelength=1)
    save(axes, path)


def save(axes: Any, path: Path) -> None:
    """As SVG whose texts are texts."""
    axes.figure.savefig(path, metadata={"Date": None, "Creator": None}, transparent=True)
    plt.close(axes.figure)
    text = path.read_text().replace(INK, "var(--ink)").replace(FAINT, "var(--faint)")
    head, defs, rest = text.partition("<defs>")
    path.write_text("\n".join(line.rstrip() for line in (head + STYLE + "\n " + defs + rest).splitlines()) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
