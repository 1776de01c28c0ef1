"""PostgreSQL alone: pgbench with the services' own statements, in several sizes of batch."""

import asyncio
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waybill_api.store.tasks import ACCEPT
from waybill_dev.passwords import OWNER
from waybill_processor.store.claims import CLAIM
from waybill_processor.store.outcomes import COMPLETE

from ..measure.sizes import Sizes
from ..rig.errors import BenchError
from ..systems.system import BODY, Bench
from ..systems.waybill import Waybill

CLIENTS = 4
BATCHES = (20, 50, 100, 200)
_CLIENT_STRIDE = 10_000_000
_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_DONE = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_RESULT = '{"message": "Processed task", "processed_at": "2026-01-01T00:00:00Z"}'


@dataclass(frozen=True)
class Load:
    """A script of pgbench, the role that runs it, and how many tasks one run of it is about."""

    role: str
    script: str
    batch: int


def filled(statement: str, values: Mapping[int, str]) -> str:
    """A statement with SQL in place of each `$n`. Raises BenchError when it has other parameters than we know."""
    asked = {int(number) for number in re.findall(r"\$(\d+)", statement)}
    if asked != set(values):
        raise BenchError(f"a statement has the parameters {sorted(asked)} and the ceiling knows {sorted(values)}")
    return re.sub(r"\$(\d+)(::\w+(?:\[\])?)?", lambda found: f"({values[int(found[1])]}){found[2] or ''}", statement)


def accept_sql(ids: str, size: int | str) -> str:
    """ACCEPT of so many tasks like those that the systems are sent."""
    every = {3: "'note.process'", 4: "1::smallint", 5: f"'{BODY['title']}'::text", 6: f"'{BODY['description']}'::text"}
    columns = {number: f"array_fill({value}{_typed(value)}, ARRAY[{size}])" for number, value in every.items()}
    columns[7] = f"""array_fill('{{"include_description": true, "utc_offset_minutes": 0}}'::jsonb, ARRAY[{size}])"""
    columns[8] = f"array_fill(NULL::text, ARRAY[{size}])"
    columns[9] = "5::float8"
    return filled(ACCEPT, {1: "'default'", 2: ids, **columns})


def work_sql(ids: str, size: int) -> list[str]:
    """CLAIM and COMPLETE of so many tasks."""
    same = f"array_fill(1, ARRAY[{size}])"
    claim = {
        1: ids,
        2: f"array_fill('note.process'::text, ARRAY[{size}])",
        3: f"array_fill(1::smallint, ARRAY[{size}])",
        4: same,
        5: "ARRAY['note.process']",
        6: "ARRAY[1]",
        7: "ARRAY[8]",
        8: "45::float8",
        9: "'bench'::text",
        10: "'{}'",
    }
    complete = {1: "'bench'::text", 2: ids, 3: same, 4: f"array_fill('{_RESULT}'::jsonb, ARRAY[{size}])"}
    return [filled(CLAIM, claim), filled(COMPLETE, complete)]


def ids_sql(first: str, size: int | str, prefix: str) -> str:
    """`size` ids of version 7 that begin at number `first`: made now, and in order, as the API makes them."""
    number = f"lpad(to_hex(({first})::int8 + g), 12, '0')"
    return f"ARRAY(SELECT ('{prefix}' || {number})::uuid FROM generate_series(0, {size} - 1) g)"


def id_prefix(at: float | None = None) -> str:
    """The first 20 digits of a UUID of version 7 that is made then (seconds since 1970), or now."""
    return f"{int((time.time() if at is None else at) * 1000):012x}70008000"


async def measure_postgres(bench: Bench, sizes: Sizes) -> Mapping[str, object]:
    """Tasks per second, accepted and (claimed and completed), in the best batch, and PostgreSQL's CPU for each."""
    prefix = id_prefix()
    counter = f"\\set n :n + 1\n\\set first :client_id * {_CLIENT_STRIDE} + (:n - 1) * "
    accepted: dict[int, tuple[float, float]] = {}
    worked: dict[int, tuple[float, float]] = {}
    for size in BATCHES:
        script = f"{counter}{size}\n{accept_sql(ids_sql(':first', size, prefix), size)};\n"
        accepted[size] = await _pgbench(bench, Load("waybill_api", script, size), ["-T", f"{sizes.ceiling_seconds:g}"])
        rounds = max(1, int(sizes.ceiling_seconds * 10_000 / CLIENTS / size))
        claim, complete = work_sql(ids_sql(":first", size, prefix), size)
        work = Load("waybill_processor", f"{counter}{size}\n{claim};\n{complete};\n", size)
        worked[size] = await _pgbench(bench, work, ["-t", str(rounds)], waiting=_waiting(prefix, rounds * size))
    return {**_best("accept", accepted), **_best("work", worked)}


def _waiting(prefix: str, for_each: int) -> list[str]:
    """Statements that make so many pending tasks for each client, as if their messages had been sent."""
    firsts = [client * _CLIENT_STRIDE for client in range(CLIENTS)]
    return [
        *(accept_sql(ids_sql(str(first), for_each, prefix), for_each) for first in firsts),
        "DELETE FROM outbox",
        "ANALYZE",
    ]


async def _pgbench(bench: Bench, load: Load, until: Sequence[str], waiting: Sequence[str] = ()) -> tuple[float, float]:
    """Tasks per second, and PostgreSQL's CPU milliseconds for each."""
    server = bench.database.server
    database = bench.database.refresh(Waybill().name, OWNER)
    if waiting:
        server.execute(";\n".join(waiting) + ";\nCHECKPOINT;", database=database)
    script = bench.folder / "pgbench.sql"
    script.write_text(load.script)
    program = str(server.cluster.bin_folder / "pgbench")
    options = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-D", "n=0", "-f", str(script), *until]
    command = [program, *options, server.url(load.role, database)]
    before = bench.database.cpu_seconds()
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    rate, done = _RATE.search(output), _DONE.search(output)
    if process.returncode or not rate or not done or int(done.group(1)) == 0:
        raise BenchError(f"pgbench failed: {output.strip().splitlines()[-1]}")
    tasks = int(done.group(1)) * load.batch
    await _check(bench, database, load.role, tasks)
    return float(rate.group(1)) * load.batch, (bench.database.cpu_seconds() - before) * 1000 / tasks


async def _check(bench: Bench, database: str, role: str, tasks: int) -> None:
    """Raises BenchError when pgbench was fast because it did nothing."""
    connection = await bench.database.connect(database)
    try:
        done = "TRUE" if role == "waybill_api" else "status = 'completed'"
        found = await connection.fetchval(f"SELECT count(*) FROM tasks WHERE {done}")
    finally:
        await connection.close()
    if found < tasks:
        raise BenchError(f"pgbench says {tasks} tasks and PostgreSQL has {found}")


def _best(name: str, tried: Mapping[int, tuple[float, float]]) -> dict[str, object]:
    size = max(tried, key=lambda size: tried[size][0])
    return {
        f"{name}_per_second": tried[size][0],
        f"{name}_cpu_ms": tried[size][1],
        f"{name}_batch": size,
        f"{name}_tried": {str(size): round(per_second) for size, (per_second, _) in tried.items()},
    }


def _typed(value: str) -> str:
    return "::text" if value.endswith("'") else ""
