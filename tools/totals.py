"""A pytest plugin that adds up several runs: each but the last records its reports, the last counts them as its own.

So `just test`, which needs an environment for each package, still closes with one summary line that is true.
"""

import json
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options by which tools.run_tests drives this plugin."""
    group = parser.getgroup("totals of several runs")
    group.addoption("--record-reports", type=Path, help="file that takes the reports of this run, a line each")
    group.addoption("--run-label", default="", help="told apart by this when the same tests run more than once")
    group.addoption("--add-reports", type=Path, help="folder with the reports of earlier runs, to be counted here")


def pytest_configure(config: pytest.Config) -> None:
    """Record or add up, as the options say."""
    if (record := config.getoption("record_reports")) is not None:
        config.pluginmanager.register(Recorder(config, record))
    if (earlier := config.getoption("add_reports")) is not None:
        config.pluginmanager.register(Adder(config, earlier))


class Recorder:
    """Writes each report down as it comes."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self.config = config
        self.path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test was set up, called or torn down."""
        self.write(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module was collected; only one that could not be is worth a line."""
        if report.failed:
            self.write(report)

    def write(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Append one line."""
        line: dict[str, Any] = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        if label := self.config.getoption("run_label"):
            line["nodeid"] = f"{line['nodeid']} on {label}"
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


class Adder:
    """Gives the reports of earlier runs to the summary of this one."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.count = 0

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Runs before the summary is printed, which is what reads the statistics."""
        reports = self.reports()
        stats: dict[str, list[Any]] = self.terminal_reporter().stats
        for report in reports:
            if isinstance(report, pytest.CollectReport):
                category = "error"
            else:
                category, _, _ = self.config.hook.pytest_report_teststatus(report=report, config=self.config)
            if category:
                self.count += 1
                stats.setdefault(category, []).append(report)
        if any(report.failed for report in reports):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif reports and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the reader what the last line adds up."""
        terminalreporter.write_line(f"{self.count} of the results counted below are from the runs above")

    def terminal_reporter(self) -> pytest.TerminalReporter:
        """What prints the summary."""
        found = self.config.pluginmanager.get_plugin("terminalreporter")
        assert isinstance(found, pytest.TerminalReporter)
        return found

    def reports(self) -> list[Any]:
        """What the earlier runs recorded."""
        lines = [line for path in sorted(self.folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
        hook = self.config.hook.pytest_report_from_serializable
        return [hook(config=self.config, data=json.loads(line)) for line in lines]
