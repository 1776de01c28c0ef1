"""docs/contracts: what the releases of the contracts say, for people and for other tools.

python -m tools.contracts.documents
"""

import sys
from pathlib import Path

import msgspec

from tools.contracts.asyncapi import asyncapi_document
from tools.contracts.chain import shown
from tools.contracts.history import RELEASED, History, HistoryTampered
from tools.contracts.matrix_page import matrix_page
from tools.contracts.matrix_text import matrix_text
from tools.contracts.pages import changelog, contract_pages
from tools.contracts.queue_template import read_queue
from tools.workspace import ROOT

DOCUMENTS = ROOT / "docs" / "contracts"
BY_HAND = frozenset({"README.md"})
"""Files of the folder that nothing here writes."""


def make_documents(history: History) -> dict[str, str]:
    """File name to text, all that there is to say about the newest release; empty before the first."""
    if not history.releases:
        return {}
    document = msgspec.json.format(msgspec.json.encode(asyncapi_document(history, read_queue())), indent=2)
    return {
        "CHANGELOG.md": changelog(history),
        "asyncapi.json": document.decode() + "\n",
        "matrix.html": matrix_page(history),
        "matrix.md": matrix_text(history),
        **contract_pages(history),
    }


def write_documents(history: History, folder: Path = DOCUMENTS) -> list[Path]:
    """Bring the folder up to date, and remove what no longer belongs there; the files that changed."""
    made = make_documents(history)
    changed = stale(made, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in changed:
        if path.name in made:
            path.write_text(made[path.name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def stale(made: dict[str, str], folder: Path = DOCUMENTS) -> list[Path]:
    """Files that are not as they would be made: changed, missing, or made no longer."""
    found = {path.name for path in folder.glob("*") if path.is_file()} - BY_HAND
    return [folder / name for name in sorted(found | made.keys()) if _read(folder / name) != made.get(name)]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main() -> int:
    """Write what is stale and name it. Exit 3: what was released has been edited."""
    try:
        changed = write_documents(History.load(RELEASED))
    except HistoryTampered as error:
        print(f"contracts-docs: {error}", file=sys.stderr)
        return 3
    print("\n".join(f"wrote {shown(path)}" for path in changed) or "docs/contracts is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
