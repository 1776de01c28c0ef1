"""A history of the contracts to release into, without a build."""

import shutil
from pathlib import Path

from tools.contracts.history import RELEASED, History
from tools.workspace import ROOT, package_in
from tools.zip_folder import zip_folder

CONTRACTS = package_in("shared/contracts")


def scratch_history(folder: Path) -> History:
    """A history without releases, with the tombstones of the real one."""
    (folder / "released").mkdir(parents=True)
    shutil.copy(RELEASED / "tombstones.json", folder / "released")
    return History.load(folder / "released")


def zipped_sources(folder: Path) -> None:
    """Stand-in for the wheel: it imports as one."""
    wheel = folder / f"waybill_contracts-{CONTRACTS.pyproject['project']['version']}-py3-none-any.whl"
    zip_folder(ROOT / CONTRACTS.folder / "src", wheel, lambda path: "__pycache__" not in path.parts)
