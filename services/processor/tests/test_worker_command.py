"""The command `waybill-worker` with settings that cannot work: one line, exit 78, no trace."""

import subprocess
import sys
from pathlib import Path

import pytest

GOOD = {
    "WAYBILL_DATABASE_URL": "postgresql://waybill_processor@127.0.0.1:1/waybill",
    "WAYBILL_QUEUE_URL": "http://127.0.0.1:1/000000000000/waybill-tasks",
    "AWS_REGION": "us-east-1",
}


def run(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in {**GOOD, **changes}.items() if value}
    command = Path(sys.executable).parent / "waybill-worker"
    return subprocess.run([command], env=environment, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"WAYBILL_QUEUE_URL": ""}, "WAYBILL_QUEUE_URL"),
        ({"WAYBILL_DATABASE_URL": "mysql://somewhere"}, "WAYBILL_DATABASE_URL"),
        ({"WAYBILL_CONCURRENCY": "many"}, "WAYBILL_CONCURRENCY"),
        ({"WAYBILL_CONCURRENCY": "0"}, "WAYBILL_CONCURRENCY"),
        ({"WAYBILL_LEASE_SECONDS": "8"}, "WAYBILL_LEASE_SECONDS"),
        ({"WAYBILL_VISIBILITY_SECONDS": "30"}, "WAYBILL_VISIBILITY_SECONDS"),
        ({"AWS_REGION": ""}, "AWS_REGION"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(changes: dict[str, str], named: str):
    ended = run(**changes)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr.count("\n") == 1
    assert named in ended.stderr
