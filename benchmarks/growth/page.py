"""Tables out of `growth.json`, for `growth.md` and between the markers of docs/capacity.md."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..report.table import rows_of, shown
from .simulation import Step, capacity, cells_capacity, simulate

Document = Mapping[str, Any]
ALIKE_CORES = 0.3
QUEUE_SECONDS = 0.01
"""Of the way through SQS in the simulation: it takes 5 to 20 ms, and no CPU of ours."""
_MARKED = re.compile(r"(<!-- growth:(\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_LAYOUTS = ((1, 1, 2, 2), (2, 1, 4, 4), (4, 1, 8, 4), (4, 2, 8, 8), (8, 2, 16, 8), (16, 4, 32, 16))
"""API processes, relays, workers, PostgreSQL's cores."""


def tables(document: Document) -> dict[str, str]:
    """Every table that there are figures for, by name."""
    medians = document["medians"]
    made = {
        "finished": _finished,
        "waiting": _waiting,
        "looks": _looks,
        "processes": _processes,
        "half_load": _half_load,
        "cost": _cost,
        "disk": _disk,
        "simulated": _simulated,
    }
    found: dict[str, str] = {}
    for name, make in made.items():
        try:
            found[name] = make(medians)
        except (KeyError, IndexError):  # not measured
            continue
    return found


def filled(page: str, document: Document) -> str:
    """A page with the tables between its markers made anew; those without figures stay."""
    made = tables(document)
    return _MARKED.sub(lambda m: f"{m[1]}{made[m[2]]}\n{m[4]}" if m[2] in made else m[0], page)


def results_page(document: Document) -> str:
    """`growth.md`."""
    commands = {one["command"]: None for many in document["found"].values() for case in many.values() for one in case}
    commits = {one["commit"]: None for many in document["found"].values() for case in many.values() for one in case}
    head = [
        "# Growth",
        "",
        "Medians of the rounds in `growth.json`, of commits " + ", ".join(f"`{one}`" for one in commits) + ", by",
        *(f"- `{command}`" for command in commands),
        "",
        "Rounds in which everybody else used more than 0.8 of a core while tasks were accepted are in the",
        "JSON and not in the medians. CPU is milliseconds for each task.",
    ]
    parts = [f"## {name.replace('_', ' ').capitalize()}\n\n{table}" for name, table in tables(document).items()]
    return "\n\n".join(["\n".join(head), *parts]) + "\n"


def _finished(medians: Document) -> str:
    cases = medians["finished"]
    none = cases["0"]
    names = ("accept_per_second", "drain_per_second", "p50_ms", "p99_ms")
    cpu = ("accept_postgres_cpu_ms", "drain_postgres_cpu_ms")
    rows: list[list[str]] = []
    for rows_before, one in cases.items():
        if not one:
            continue  # every round of it failed
        figures = [shown(one[name], 0 if "per_second" in name else 1) for name in names]
        rows.append([f"{int(rows_before):,}", *figures, *(shown(one[name], 3) for name in cpu)])
        rows[-1].append(shown(one["accept_others_cores"], 2))
        if one is not none and _alike(one, none):
            shares = [f"{one[name] / none[name]:.0%}" for name in (*names, *cpu)]
            rows.append(["of that with none", *shares, ""])
    heads = [
        "finished tasks",
        "accepts/s",
        "drain tasks/s",
        "p50 ms at 20/s",
        "p99 ms",
        "PostgreSQL, accept",
        "drain",
        "others' cores",
    ]
    return rows_of(heads, rows)


def _alike(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether about as much ran beside both: else a ratio of them tells of that and not of the rows."""
    return abs(one["accept_others_cores"] - other["accept_others_cores"]) < ALIKE_CORES


def _waiting(medians: Document) -> str:
    names = {"accept_per_second": 0, "drain_per_second": 0, "accept_postgres_cpu_ms": 3, "drain_postgres_cpu_ms": 3}
    rows = [
        [
            f"{int(case):,}",
            *(shown(one[name], digits) for name, digits in names.items()),
            shown(one.get("sent_per_second"), 0),
        ]
        for case, one in medians["waiting"].items()
    ]
    return rows_of(["waiting", "accepts/s", "drain tasks/s", "PostgreSQL, accept", "drain", "relay sends/s"], rows)


def _looks(medians: Document) -> str:
    rows = [
        [f"{int(case):,}", shown(one["reap_ms"], 1), shown(one["count_expected_ms"], 1), shown(one["core_percent"], 2)]
        for case, one in medians["looks"].items()
    ]
    return rows_of(["live tasks", "reap ms, each 5 s", "reconcile ms, each 30 s", "% of a core, each relay"], rows)


def _processes(medians: Document) -> str:
    rows = [
        [
            f"{case} workers",
            shown(one["drain_per_second"], 0),
            shown(one["drain_worker_cpu_ms"], 3),
            shown(one["drain_postgres_cpu_ms"], 3),
        ]
        for case, one in medians["workers"].items()
    ] + [
        [
            f"{case} relays",
            shown(one["sent_per_second"], 0),
            shown(one["relay_cpu_ms"], 3),
            shown(one["postgres_cpu_ms"], 3),
        ]
        for case, one in medians["relays"].items()
    ]
    return rows_of(["processes", "tasks/s", "their CPU ms", "PostgreSQL CPU ms"], rows)


def _half_load(medians: Document) -> str:
    [(rate, one)] = medians["half_load"].items()
    cells = [rate, shown(one["seconds"], 0), *(shown(one[name], 1) for name in ("p50_ms", "p99_ms", "hot_percent"))]
    cells += [shown(one["autovacuums"], 0), shown(one["wal_bytes"], 0), shown(one["bytes_per_task"], 0)]
    cells += [shown(one["machine_cores"], 2)]
    heads = ["tasks/s", "seconds", "p50 ms", "p99 ms", "HOT %", "autovacuums", "WAL bytes a task", "disk bytes a task"]
    return rows_of([*heads, "busy cores of 2"], [cells])


def costs(medians: Document) -> dict[str, float]:
    """CPU milliseconds of a task at full load, by part, with no finished rows and two workers."""
    one, relay = medians["finished"]["0"], medians["relays"]["1"]
    return {
        "API with its relay": one["accept_api_cpu_ms"],
        "relay apart": relay["relay_cpu_ms"],
        "worker": one["drain_worker_cpu_ms"],
        "PostgreSQL": one["accept_postgres_cpu_ms"] + one["drain_postgres_cpu_ms"],
    }


def _cost(medians: Document) -> str:
    rows = [[part, shown(ms, 3), shown(1000 / ms, 0)] for part, ms in costs(medians).items()]
    return rows_of(["part", "CPU ms a task", "tasks/s of one core"], rows)


def _disk(medians: Document) -> str:
    cases = {int(case): one for case, one in medians["finished"].items() if one and int(case)}
    most = cases[max(cases, default=0)]
    stored, wal = most["bytes_before"] / most["rows_before"], next(iter(medians["half_load"].values()))["wal_bytes"]
    rows = [
        [name, shown(each, 0), shown(each * 1e6 / 1e9, 1), shown(each * 100 * 86_400 / 1e9, 0)]
        for name, each in {"tables and indexes, finished": stored, "WAL": wal}.items()
    ]
    return rows_of(["what", "bytes a task", "GB a million tasks", "GB a day at 100/s"], rows)


def steps_of(cost: Mapping[str, float]) -> list[Step]:
    """The way of a task. PostgreSQL's part is halved: on the way in, and on the way out."""
    ms = {name: value / 1000 for name, value in cost.items()}
    half = ms["PostgreSQL"] / 2
    return [
        Step("API", ms["API with its relay"] - ms["relay apart"]),
        Step("PostgreSQL", half),
        Step("relay", ms["relay apart"]),
        Step(None, QUEUE_SECONDS),
        Step("worker", ms["worker"]),
        Step("PostgreSQL", half),
    ]


def _simulated(medians: Document) -> str:
    steps = steps_of(costs(medians))
    rows: list[list[str]] = []
    for layout in _LAYOUTS:
        servers: dict[str, int] = dict(zip(("API", "relay", "worker", "PostgreSQL"), layout, strict=True))
        most, where = capacity(servers, steps)
        at = simulate(most * 0.7, servers, steps, tasks=5000)
        four, skewed = cells_capacity(most, [1] * 4), cells_capacity(most, [4, 2, 1, 1])
        rows.append([*map(str, layout), shown(most, 0), where, shown(at.p99_ms, 1), shown(four, 0), shown(skewed, 0)])
    heads = ["API", "relays", "workers", "PostgreSQL cores", "tasks/s", "full first", "p99 ms at 70 %"]
    return rows_of([*heads, "four cells", "four, one with half of all"], rows)


def undisturbed(rounds: Sequence[Mapping[str, Any]], most_cores: float = 0.8) -> list[Mapping[str, Any]]:
    """The rounds beside which not much else ran; all, where there are no others."""
    return [one for one in rounds if one.get("accept_others_cores", 0.0) <= most_cores] or list(rounds)
