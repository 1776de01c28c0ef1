"""The pages of docs/contracts that list fields, in Markdown: the message, each kind, the error; and the changelog."""

import re
from itertools import pairwise

import msgspec

from tools.contracts.families import ERROR, MESSAGE, PAYLOAD, Family, families, is_newest, last_known, retired_in, since
from tools.contracts.history import History, Release
from tools.contracts.tombstones import fields
from tools.contracts.versions import changes, level_between, released
from tools.contracts.words import FieldRow, field_rows

HOW_TO_READ = (
    "*Required* is what a reader asks for; where a field is not required but *always written*, every writer sends it"
    " since the release in the last column. Readers ignore fields that they do not know."
)


def contract_pages(history: History) -> dict[str, str]:
    """File name to text: a page for the message, for the error, and for each kind with its payloads and results."""
    grouped: dict[str, list[Family]] = {}
    for family in families(history):
        grouped.setdefault(family.kind or family.name, []).append(family)
    return {f"{title}.md": _page(title, members, history) for title, members in grouped.items()}


def changelog(history: History) -> str:
    """What each release added, newest first."""
    parts = ["# Releases of the contracts\n"]
    for before, release in reversed(list(pairwise(history.releases))):
        old, new = released(before), released(release)
        found = [f"- {_change(change.contract, change.what)}" for change in changes(old, new)]
        lines = found or ["- No contract changed."]
        parts.append(_entry(release, level_between(old, new), lines))
    first = history.releases[0]
    parts.append(_entry(first, "first", [f"- {_change(name, 'is new')}" for name in first.manifest.contracts]))
    return "\n".join(parts)


def _entry(release: Release, level: str, lines: list[str]) -> str:
    samples = sum(map(len, release.samples.values()))
    pairs = len(release.manifest.verified)
    counts = f"{len(release.manifest.contracts)} contracts, {samples} golden samples, {pairs} pairs tested together."
    return "\n".join([f"## {release.version} ({level})\n", *lines, f"\n{counts}\n"])


def _change(contract: str, what: str) -> str:
    words = what.replace(", a next version", ": a next version")
    for mark, verb in (("+", "gains"), ("-", "loses")):
        words = re.sub(rf"(?:^|(?<=, )){re.escape(mark)} \$\.([^,]+)", rf"{verb} `\1`", words)
    return f"[`{contract}`]({_page_of(contract)}#{_anchor(contract)}) {words}"


def _page_of(contract: str) -> str:
    name = contract.rpartition(".v")[0]
    return f"{name if name in (MESSAGE, ERROR) else name.partition('.')[2]}.md"


def _anchor(contract: str) -> str:
    return contract.replace(".", "")


def _page(title: str, members: list[Family], history: History) -> str:
    parts = [f"# {title}\n"]
    for family in members:
        parts += [_section(name, family, history) for name in reversed(family.contracts)]
    parts.append(f"{HOW_TO_READ}\n\n[All contracts](README.md) · [Who reads whom](matrix.md)\n")
    return "\n".join(parts)


def _section(contract: str, family: Family, history: History) -> str:
    release = last_known(contract, history)
    schema = release.readers[contract]
    about = schema["$defs"][schema["$ref"].removeprefix("#/$defs/")].get("description", "")
    example = msgspec.json.format(release.samples[contract]["example"], indent=2).decode()
    return "\n".join(
        [
            f"## {contract}\n",
            f"{_standing(contract, family, history)}\n",
            f"{about}\n",
            *_table(contract, history),
            f"```json\n{example}\n```\n",
            *_tombstones(contract, history),
        ]
    )


def _standing(contract: str, family: Family, history: History) -> str:
    came = f"Since {since(contract, history)}"
    ways = f"Written by the {family.writer}, read by the {family.reader}; it lies {family.place}."
    if retired := retired_in(contract, history):
        why = history.tombstones.contracts.get(contract, "")
        return f"**Retired in {retired}.** {why} {came}. {ways}".replace("  ", " ")
    newest = is_newest(contract, history.newest)
    older = (
        "" if newest or family.sort != PAYLOAD else " Its upcaster makes the next version of it before it is worked."
    )
    return f"{came}. {ways}{older}"


def _table(contract: str, history: History) -> list[str]:
    release = last_known(contract, history)
    written = {row.name for row in field_rows(release.writers[contract]) if row.is_required}
    rows = field_rows(release.readers[contract])
    if not rows:
        return ["It has no fields.\n"]
    head = ["| field | type | required | default | limits | since | what it is |", "|---|---|---|---|---|---|---|"]
    table = [_row(row, row.name in written, _since_field(contract, row.name, history)) for row in rows]
    patterns = [f"{name:<24} {pattern}" for row in rows for name, pattern in row.patterns.items()]
    return [*head, *table, "", *(["```text", *patterns, "```", ""] if patterns else [])]


def _row(row: FieldRow, always_written: bool, came: str) -> str:
    required = "yes" if row.is_required else "no; always written" if always_written else "no"
    default = f"`{row.default}`" if row.default else ""
    cells = [f"`{row.name}`", row.type, required, default, row.limits, came, row.description]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _since_field(contract: str, name: str, history: History) -> str:
    """The first release whose reader or writer had the field."""
    for release in history.releases:
        if contract in release.manifest.contracts:
            known = fields(release.readers[contract]) | fields(release.writers[contract])
            if f"$.{name}" in known:
                return release.version
    return ""


def _tombstones(contract: str, history: History) -> list[str]:
    names = history.tombstones.fields.get(contract, {})
    if not names:
        return []
    return ["Names that never come (back):\n", *(f"- `{name}`: {why}" for name, why in sorted(names.items())), ""]
