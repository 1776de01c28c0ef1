"""The answer, for people and for programs."""

from dataclasses import asdict
from typing import Any

from waybill_dev.can_i_deploy.facts import NEVER_TESTED, Answer


def lines(answer: Answer, origin: str) -> list[str]:
    """The answer as a table, what is refused last, and the verdict below it."""
    rows = sorted(answer.rows, key=lambda row: (not row.ok, row.subject))
    cells = [("yes" if row.ok else "NO", row.subject, f"{row.writer} → {row.reader}", row.reason) for row in rows]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(3)]
    told = [f"{answer.candidate} ({origin})", *(f"  {note}" for note in answer.notes), ""]
    for row in cells:
        told.append("  " + "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]))
    return [*told, "", verdict(answer)]


def verdict(answer: Answer) -> str:
    """Yes or no, in one line."""
    refused = [row for row in answer.rows if not row.ok]
    if not refused:
        return f"yes: {answer.candidate} may be deployed"
    said = f"no: {answer.candidate} may not be deployed, {len(refused)} of {len(answer.rows)} rows say no"
    untested = any(row.reason == NEVER_TESTED for row in refused)
    return f"{said}; a green './justw test-contracts' verifies what was never tested" if untested else said


def document(answer: Answer, origin: str) -> dict[str, Any]:
    """The answer as JSON values."""
    return {
        "ok": answer.ok,
        "candidate": {"origin": origin, **asdict(answer.candidate)},
        "notes": list(answer.notes),
        "rows": [asdict(row) for row in answer.rows],
    }
