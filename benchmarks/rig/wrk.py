"""Load by wrk: as many requests as a number of connections get answered."""

import asyncio
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import BenchError

_MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_PERCENTILE = re.compile(r"^\s+(50|75|90|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
_REQUESTS = re.compile(r"^\s*(\d+) requests in ([\d.]+)(us|ms|s|m),", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_SOCKET = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


@dataclass(frozen=True)
class WrkReport:
    """What wrk found; latencies in ms."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    """Answers that were no success, and connections that broke."""


def parse_report(text: str) -> WrkReport:
    """Read wrk's report, as `--latency` prints it. Raises BenchError if it is none."""
    requests, rate = _REQUESTS.search(text), _RATE.search(text)
    latency = {share: float(number) * _MILLISECONDS[unit] for share, number, unit in _PERCENTILE.findall(text)}
    if not (requests and rate and {"50", "99"} <= latency.keys()):
        raise BenchError(f"wrk did not report: {text.strip().splitlines()[-1:] or 'it said nothing'}")
    refused, broken = _REFUSED.search(text), _SOCKET.search(text)
    errors = (int(refused.group(1)) if refused else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return WrkReport(int(requests.group(1)), float(rate.group(1)), latency["50"], latency["99"], errors)


def post_script(body: object) -> str:
    """What wrk runs to POST a JSON document with each request."""
    return f"""wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[{json.dumps(body)}]==]
"""


async def run_wrk(url: str, body: object, folder: Path, *, connections: int, seconds: float) -> WrkReport:
    """POST `body` from one thread of wrk, closed loop. Raises BenchError if wrk fails."""
    return await run_script(url, post_script(body), folder, connections, seconds)


async def run_script(url: str, text: str, folder: Path, connections: int, seconds: float) -> WrkReport:
    """Run a script of wrk in one thread. Raises BenchError if wrk fails."""
    script = folder / "wrk.lua"
    script.write_text(text)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "--timeout=10s", f"-s{script}", url]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return parse_report(output.decode())
