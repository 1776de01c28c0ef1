"""A version of a payload is retired in a copy of the checkout: with tombstones, as a major release, or not at all."""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.gate.edited import Edit, EditedCheckout, Verdict
from tools.contracts.history import RELEASED, History, number
from tools.workspace import ROOT, packages

pytestmark = pytest.mark.timeout(600)

KINDS = "shared/contracts/src/waybill_contracts/kinds"
PYPROJECT = "shared/contracts/pyproject.toml"
TOMBSTONES = "shared/contracts/released/tombstones.json"
PAYLOAD, RESULT = "payload.webhook.deliver.v1", "result.webhook.deliver.v1"
WHY = {PAYLOAD: "Version 2 sends all that it sent.", RESULT: "It went with its payload."}
MAJOR = f"{number(History.read().newest.version)[0] + 1}.0.0"
ELSEWHERE = ("c02", "c03", "c04", "c05", "c06", "c07", "c08", "c09", "c10", "c11", "c13")
"""Checks that have nothing to say of a name that vanished."""
# As `just contracts-release`, but with the sources in a zip for the wheel: a build might need the network.
RELEASE = """
import sys
from tools.contracts import release
from tools.tests.scratch import zipped_sources
release.make_wheel = zipped_sources
sys.exit(release.main([]))
"""


def retire(checkout: EditedCheckout) -> None:
    """Remove version 1 of webhook.deliver from the structs; the handler is written for version 2 anyway."""
    older, newer = f"{KINDS}/webhook_deliver.py", f"{KINDS}/webhook_deliver_v2.py"
    struct = text_from(older, "\n\nclass DeliverWebhook(")
    upcaster = text_from(newer, "\n    @classmethod")
    checkout.apply(
        [
            Edit(f"{KINDS}/__init__.py", "from .webhook_deliver import DeliverWebhook\n", ""),
            Edit(f"{KINDS}/__init__.py", "    DeliverWebhook,\n", ""),
            Edit(older, struct, ""),
            Edit(newer, upcaster, ""),
            Edit(newer, "import DeliverWebhook, WebhookDelivered", "import WebhookDelivered"),
        ]
    )


def text_from(file: str, start: str) -> str:
    """What stands in a file from there to its end."""
    text = (ROOT / file).read_text()
    return text[text.index(start) :]


def bury(checkout: EditedCheckout) -> None:
    """Give both contracts a tombstone."""
    path = checkout.folder / TOMBSTONES
    stones = json.loads(path.read_text())
    stones["contracts"] |= WHY
    path.write_text(json.dumps(stones, indent=2))


def release(checkout: EditedCheckout, version: str | None = None) -> Verdict:
    """Run `just contracts-release` on the copy, under a version if one is given."""
    if version is not None:
        path = checkout.folder / PYPROJECT
        path.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', path.read_text()))
    sources = os.pathsep.join(str(checkout.folder / package.folder / "src") for package in packages())
    environment = {**os.environ, "PYTHONPATH": sources, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", RELEASE]
    done = subprocess.run(command, cwd=checkout.folder, env=environment, capture_output=True, text=True, check=False)
    return Verdict(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: Any) -> dict[str, EditedCheckout]:
    """Two checkouts without the version, of which one has the tombstones."""
    made = {name: EditedCheckout(tmp_path_factory.mktemp("copy") / "checkout") for name in ("buried", "vanished")}
    for checkout in made.values():
        retire(checkout)
    bury(made["buried"])
    return made


@pytest.fixture(scope="module")
def verdicts(copies: dict[str, EditedCheckout], servers: dict[str, str]) -> dict[str, Verdict]:
    """What the checks say of each."""
    without = {"buried": (), "vanished": ELSEWHERE}
    with ThreadPoolExecutor(len(copies)) as lanes:
        checked = {name: lanes.submit(copy.check, servers, *without[name]) for name, copy in copies.items()}
    return {name: one.result() for name, one in checked.items()}


def test_a_version_with_tombstones_may_go_and_asks_for_a_major_release(verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["buried"]
    assert verdict.exit_code == 0, verdict.output
    assert f"contracts, unreleased: major → {MAJOR}; ./justw contracts-release" in verdict.output
    assert {f"  {PAYLOAD}: is gone", f"  {RESULT}: is gone"} <= set(verdict.output.splitlines())


def test_a_version_without_tombstones_may_not_vanish(
    verdicts: dict[str, Verdict], copies: dict[str, EditedCheckout]
) -> None:
    verdict = verdicts["vanished"]
    assert verdict.failed_checks == {"c01", "c12"}
    gone = {("R11", PAYLOAD, "$"), ("R11", RESULT, "$")}
    assert verdict.refusals >= {*gone, ("R7", "HTTP", "POST /tasks request $")}
    refused = release(copies["vanished"], MAJOR)
    assert (refused.exit_code, refused.refusals) == (1, gone)


def test_it_goes_with_a_major_release_alone_and_its_name_never_returns(copies: dict[str, EditedCheckout]) -> None:
    checkout = copies["buried"]
    other = release(checkout)
    assert (other.exit_code, f"its version is {MAJOR}, not " in other.output) == (2, True)
    made = release(checkout, MAJOR)
    assert made.exit_code == 0, made.output
    assert f"released {MAJOR} in {RELEASED.relative_to(ROOT)}/{MAJOR}: " in made.output
    page = (checkout.folder / "docs/contracts/webhook.deliver.md").read_text()
    assert f"**Retired in {MAJOR}.** {WHY[PAYLOAD]}" in page

    come_back(checkout)
    back = release(checkout, MAJOR)
    assert (back.exit_code, back.refusals) == (1, {("R3", PAYLOAD, "$"), ("R3", RESULT, "$")})


def come_back(checkout: EditedCheckout) -> None:
    """Undo what `retire` did, but for the tombstones."""
    for path in (ROOT / KINDS).glob("*.py"):
        shutil.copy(path, checkout.folder / KINDS / path.name)
