"""The figures of the function as a page. Pure."""

from typing import Any

from ..report.table import rows_of
from .cost import ARM, X86, concurrency, duration_ms, lambda_dollars, tasks_an_invocation, worker_dollars

MEMORIES = (256, 512, 1024, 1769)
SIZES = (1, 10, 100, 1000)
RATES = (1, 10, 100, 1000)
WINDOWS = ((0, 10), (1, 100), (5, 1000))
"""Seconds of the batching window, and the batch size, which may pass 10 with a window only."""
_MEMORY_MB = 512


def page(results: dict[str, Any]) -> str:
    """All of it, in Markdown."""
    found = results["medians"]
    init, machine = found["init"], results["machine"]
    head = [
        "# The processor as a Lambda function",
        "",
        f"Medians of {len(results['rounds'])} rounds, each a fresh interpreter, begun {results['began']},",
        f"of commit `{results['commit']}`, by `{results['command']}`: `{results['zip']}`, Python {results['python']},",
        f"{machine['cores']} cores ({machine['processor']}), PostgreSQL on the same machine; nothing of it ran on AWS.",
        "",
        f"Zip {results['zip_bytes'] / 1e6:.1f} MB, unzipped {results['unzipped_bytes'] / 1e6:.1f} MB,",
        f"{init['modules']:.0f} modules at start, {init['peak_mb']:.0f} MiB after it,",
        f"{found['end']['peak_mb']:.0f} at most.",
    ]
    named = [("init: import, connect, prepare", 1, init), ("first batch of 10", 10, found["first"])]
    named += [(f"later batch of {size}", size, found[f"batch_{size}"]) for size in SIZES]
    rows = [[n, *(f"{f[k]:.1f}" for k in ("wall_ms", "cpu_ms")), f"{f['cpu_ms'] / s:.3f}"] for n, s, f in named]
    return (
        "\n\n".join(
            [
                "\n".join(head),
                rows_of(["what", "wall ms", "CPU ms", "CPU ms for each task"], rows),
                "![CPU for a task, by batch size](lambda.svg)",
                "## Dollars for a million tasks\n\n"
                "Lambda's time, its invocations, SQS's receives and deletes; us-east-1, November 2025, no\n"
                "free tier. CPU as measured, at the share of a vCPU that the memory buys (1,769 MB: one); waiting as\n"
                "on loopback, which a network adds to; nothing for what the runtime of AWS does around an invocation.",
                _dollars(found),
                _worker(results["worker_cpu_ms"]),
                "## Batching window and concurrency\n\n"
                f"A model, at {_MEMORY_MB} MB on x86_64: tasks come evenly, an invocation costs so much and so much\n"
                "for each task (a line through the batches of 1 and 100 above). Tasks in an invocation, dollars for a\n"
                "million, invocations at a time. A window of W s lets a task wait up to W s longer.",
                _windows(found),
            ]
        )
        + "\n"
    )


def _dollars(found: dict[str, Any]) -> str:
    rows: list[list[str]] = []
    for memory in MEMORIES:
        for name, prices in (("x86_64", X86), ("arm64", ARM)):
            cells: list[float] = []
            for size in SIZES:
                cpu, wall = found[f"batch_{size}"]["cpu_ms"], found[f"batch_{size}"]["wall_ms"]
                cells.append(lambda_dollars(size, cpu, max(0.0, wall - cpu), memory, prices))
            rows.append([f"{memory} MB {name}", *(f"{cell:.3f}" for cell in cells), f"{cells[0] / cells[1]:.1f}"])
    return rows_of(["memory", *(f"batches of {size}" for size in SIZES), "1 / 10"], rows)


def _windows(found: dict[str, Any]) -> str:
    rows: list[list[str]] = []
    for rate in RATES:
        cells: list[str] = []
        for window, limit in WINDOWS:
            tasks = tasks_an_invocation(rate, window, limit)
            cpu, wall = (_of_size(found, figure, tasks) for figure in ("cpu_ms", "wall_ms"))
            waiting = max(0.0, wall - cpu)
            dollars = lambda_dollars(tasks, cpu, waiting, _MEMORY_MB)
            at_a_time = concurrency(rate, tasks, duration_ms(cpu, waiting, _MEMORY_MB))
            cells.append(f"{tasks:,.0f} / {dollars:.2f} / {at_a_time:.2f}")
        rows.append([f"{rate:,}", *cells])
    heads = [f"window {window} s, batch size {limit}" for window, limit in WINDOWS]
    return rows_of(["tasks/s", *heads], rows)


def _of_size(found: dict[str, Any], figure: str, tasks: float) -> float:
    one, hundred = found["batch_1"][figure], found["batch_100"][figure]
    return one + (hundred - one) / 99 * (tasks - 1)


def _worker(cpu_ms: float) -> str:
    always, seldom = worker_dollars(cpu_ms, 1.0), worker_dollars(cpu_ms, 0.1)
    return (
        f"A worker on Fargate (1 vCPU, 2 GB, x86_64), at the {cpu_ms:.3f} ms of CPU a task of `bench.json`'s drain:\n"
        f"{always:.2f} when always busy, {seldom:.2f} when a tenth of the time; an hour costs the same without tasks."
    )
