"""`bench lambda`: measures the real zip, unzipped, in rounds of fresh interpreters, and writes what it found."""

import argparse
import asyncio
import json
import statistics
import subprocess
import time
import zipfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from waybill_contracts import encode, task_requested

from tools.bytecode import found_python
from tools.lambda_zip import AWS_VERSION, LOCAL, Target, build, local_python
from tools.workspace import package_in

from ..ceilings.postgres import accept_sql, id_prefix, ids_sql
from ..report.writing import draw_plots
from ..rig.database import bench_database
from ..rig.errors import BenchError
from ..rig.machine import calibration_ms, describe_commit, describe_machine
from ..rig.places import LAST, RESULTS, ROOT, plain_environment
from ..rig.run_folder import run_folder, tell
from ..systems.system import Bench
from ..systems.waybill import Waybill
from .page import page

PROBE = Path(__file__).with_name("probe.py")
INVOCATIONS = {1: 60, 10: 30, 100: 6, 1000: 2}


def parser() -> argparse.ArgumentParser:
    """What `bench lambda` takes."""
    made = argparse.ArgumentParser(prog="./justw bench lambda")
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--quick", action="store_true", help="one round, into .tools/bench/last")
    made.add_argument("--zip", type=Path, help="another zip, such as of another commit, with --python")
    made.add_argument("--python", type=Path, help="the interpreter that the zip was built for")
    made.add_argument("--out", type=Path, help="folder of lambda.json and lambda.md")
    return made


async def measure_lambda(chosen: argparse.Namespace, command: str) -> None:
    """All rounds. Raises BenchError."""
    out: Path = chosen.out or (LAST if chosen.quick else RESULTS)
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with run_folder() as folder, ExitStack() as stack:
        python, zipped = (chosen.python, chosen.zip) if chosen.zip else _built()
        content = folder / "content"
        with zipfile.ZipFile(zipped) as archive:
            archive.extractall(content)
            sizes = {"zip_bytes": zipped.stat().st_size, "unzipped_bytes": sum(e.file_size for e in archive.infolist())}
        bench = Bench(stack.enter_context(bench_database(folder)), folder, tell)
        waybill = Waybill()
        waybill.install(bench)
        rounds: list[dict[str, Any]] = []
        for number in range(1, (1 if chosen.quick else chosen.rounds) + 1):
            speed = calibration_ms()
            found = await asyncio.to_thread(_round, bench, waybill, python, content)
            rounds.append({**found, "calibration_ms": speed})
            first = rounds[-1]["first"]
            tell(f"[{number}] init {found['init']['cpu_ms']:.0f} ms of CPU, first batch {first['wall_ms']:.1f} ms")
    head = {"command": command, "began": began, **sizes}
    _write(out, {**head, **_described(python, zipped), "rounds": rounds, "medians": medians(rounds)})


def _described(python: Path, zipped: Path) -> dict[str, Any]:
    version = subprocess.run([str(python), "-V"], capture_output=True, text=True, check=True).stdout.split()[1]
    return {
        "machine": describe_machine(),
        "commit": describe_commit(ROOT),
        "python": version,
        "zip": zipped.name,
        "worker_cpu_ms": worker_cpu_ms(),
    }


def worker_cpu_ms() -> float:
    """A task's CPU in the long-running worker, as last measured side by side."""
    return json.loads((RESULTS / "bench.json").read_text())["medians"]["waybill"]["drain"]["worker_cpu_ms"]


def _write(out: Path, results: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "lambda.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "lambda.md").write_text(page(results))
    draw_plots(out / "lambda.json", tell)
    tell(f"written: lambda.json, lambda.md and lambda.svg in {out}")


def medians(rounds: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The median of each figure: of the import, the first batch, and batches of each size."""
    names = list(rounds[0])
    return {
        name: {figure: statistics.median(one[name][figure] for one in rounds) for figure in rounds[0][name]}
        for name in names
        if isinstance(rounds[0][name], dict)
    }


def _built() -> tuple[Path, Path]:
    """The zip for AWS where its Python is here, else the local one."""
    package, python = package_in("processor"), found_python(AWS_VERSION)
    return (python, build(package, Target("x86_64"))) if python else (local_python(), build(package, LOCAL))


def _round(bench: Bench, waybill: Waybill, python: Path, content: Path) -> dict[str, Any]:
    plan = [10, *(size for size, times in INVOCATIONS.items() for _ in range(times + 1))]
    database = bench.database.refresh(waybill.name, waybill.owner)
    prefix, total = id_prefix(), sum(plan)
    statements = [accept_sql(ids_sql("0", total, prefix), total), "DELETE FROM outbox", "ANALYZE"]
    bench.database.server.execute(";\n".join(statements) + ";\nCHECKPOINT;", database=database)
    ids = iter(f"{prefix[:8]}-{prefix[8:12]}-{prefix[12:16]}-{prefix[16:]}{number:012x}" for number in range(total))
    events = bench.folder / "events.json"
    events.write_text(json.dumps([{"Records": [_record(next(ids)) for _ in range(size)]} for size in plan]))
    url = bench.database.server.url("waybill_processor", database)
    environment = plain_environment(WAYBILL_DATABASE_URL=url, AWS_LAMBDA_FUNCTION_NAME="waybill-processor")
    command = [str(python), "-I", "-S", "-B", str(PROBE), str(content), str(events)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"the function failed: {done.stderr.strip().splitlines()[-1]}")
    return _sorted(json.loads(done.stdout))


def _sorted(found: dict[str, Any]) -> dict[str, Any]:
    first, *later = found["invocations"]
    by_size: dict[str, Any] = {}
    for size in INVOCATIONS:
        same = [one for one in later if one["size"] == size][1:]
        by_size[f"batch_{size}"] = {n: statistics.median(one[n] for one in same) for n in ("wall_ms", "cpu_ms")}
    peak = {"peak_mb": found["peak_mb"]}
    return {"init": found["init"], "first": {n: first[n] for n in ("wall_ms", "cpu_ms")}, **by_size, "end": peak}


def _record(task_id: str) -> dict[str, Any]:
    body = encode(task_requested(UUID(task_id), "note.process", 1, 1, datetime.now(UTC), None)).decode()
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1764000000000"}
    return {"messageId": task_id, "receiptHandle": task_id, "body": body, "attributes": attributes}
