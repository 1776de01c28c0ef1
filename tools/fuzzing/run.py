"""One run of schemathesis, and what it says that it did."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.workspace import ROOT

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
STOP_SECONDS = 5.0


def fuzz(url: str, folder: Path, options: list[str]) -> int:
    """Run all phases and checks against the API at `url`; the exit code. `folder` takes the reports."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        *(SCHEMATHESIS, "--config-file", CONFIG, "run", f"{url}/openapi.json", "--checks", "all"),
        *("--report", "junit,json,ndjson", "--report-junit-path", folder / "junit.xml"),
        *("--report-json-path", folder / "report.json", "--report-ndjson-path", folder / "events.ndjson"),
        *options,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # Its own scratch files (.schemathesis, .hypothesis) land where it runs.
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait(STOP_SECONDS)
            raise


@dataclass(frozen=True)
class Exchange:
    """One request with its answer; `link` is the OpenAPI link that it followed, if it did."""

    operation: str
    status: int
    body: bytes
    link: str | None


@dataclass(frozen=True)
class Report:
    """What a run left in its folder."""

    summary: dict[str, Any]
    scenarios: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Report":
        """The report of the last run in this folder."""
        events = map(json.loads, (folder / "events.ndjson").read_text().splitlines())
        scenarios = [event["ScenarioFinished"] for event in events if "ScenarioFinished" in event]
        return cls(json.loads((folder / "report.json").read_text()), scenarios)

    def exchanges(self) -> Iterator[Exchange]:
        """All requests that were answered, in order."""
        for recorder in (scenario["recorder"] for scenario in self.scenarios):
            for name, case in recorder.get("cases", {}).items():
                answer = recorder["interactions"].get(name, {}).get("response")
                if answer:
                    operation = f"{case['value']['method']} {case['value']['path']}"
                    link = case["transition"]["id"] if case["is_transition_applied"] and "transition" in case else None
                    yield Exchange(operation, answer["status_code"], _bytes(answer.get("content")), link)

    def checks(self) -> set[str]:
        """The names of the checks that were made."""
        made = [checks for scenario in self.scenarios for checks in scenario["recorder"].get("checks", {}).values()]
        return {check["name"] for each in made for check in each}


def _bytes(recorded: dict[str, str] | None) -> bytes:
    return base64.b64decode(recorded["$base64"]) if recorded else b""
