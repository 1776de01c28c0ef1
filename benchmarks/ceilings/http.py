"""The HTTP server alone: what accepting could reach if storing cost nothing."""

import sys
from collections.abc import Mapping

from waybill_dev.ports import free_port, in_use
from waybill_dev.process import Command

from ..measure.sizes import Sizes
from ..measure.trial import CONNECTIONS
from ..rig.places import LOOPBACK, ROOT, plain_environment
from ..rig.processes import Running
from ..rig.wrk import run_wrk
from ..systems.system import BODY, Bench

_START_SECONDS = 30.0


async def measure_http(bench: Bench, sizes: Sizes, how: str) -> Mapping[str, object]:
    """Answers per second and CPU milliseconds of each, with the same load as accepting has."""
    port = free_port()
    environment = plain_environment(
        WAYBILL_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        WAYBILL_RELAY="apart",
        WAYBILL_API_HOST=LOOPBACK,
        WAYBILL_API_PORT=str(port),
    )
    argv = (sys.executable, "-m", "benchmarks.ceilings.server", how)
    with Running(f"http_{how}", [Command(argv, environment, ROOT)], bench.folder) as server:
        server.wait_until(lambda: in_use(port), _START_SECONDS, "its port")
        url = f"http://{LOOPBACK}:{port}/tasks"
        await run_wrk(url, BODY, bench.folder, connections=CONNECTIONS, seconds=sizes.warm_seconds)
        before = server.cpu_seconds()
        report = await run_wrk(url, BODY, bench.folder, connections=CONNECTIONS, seconds=sizes.ceiling_seconds)
        used = server.cpu_seconds() - before
    return {
        "per_second": report.per_second,
        "p50_ms": report.p50_ms,
        "p99_ms": report.p99_ms,
        "errors": report.errors,
        "cpu_ms": used * 1000 / max(1, report.requests),
    }
