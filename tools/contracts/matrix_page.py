"""docs/contracts/matrix.html: who reads whom, as one page that loads nothing else."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import count
from pathlib import Path

from tools.contracts.families import Family, families
from tools.contracts.history import History
from tools.contracts.matrix import Cell, Group, Outcome, Row, Together, groups, together

ASSETS = Path(__file__).parent / "assets"
LEAD = (
    "Every release of Waybill's contracts against every other: what one writes, another reads. Put the mouse on a cell,"
    " or click it, to see the rule and the pair."
)
BESIDE = "Both run at once, in these versions of the contracts: the worst that becomes of anything they write."
ORDERS = {
    "API first": "It may accept what no processor reads yet: such tasks are held, uncharged, and go by themselves as"
    " soon as the processor is deployed.",
    "Processor first": "It reads all that any released API wrote, older payloads through upcasters, so nothing waits.",
    "Rolled back": "What is newer than a processor is held as before; an older API shows newer results as they are"
    " stored.",
}


def matrix_page(history: History) -> str:
    """The page, whole."""
    ids = count(1)
    found = groups(history)
    beside = together(history)
    parts = [
        "<h1>Which versions read one another</h1>",
        f'<p class="lead">{escape(LEAD)}</p>',
        "<h2>An API beside a processor</h2>",
        f'<p class="dim">{escape(BESIDE)}</p>',
        _side_by_side(beside, ids),
        _list(ORDERS),
        "<h2>What the colours say</h2>",
        _legend(),
        "<h2>Contract by contract</h2>",
        *(_group(group, history, ids) for group in found),
        _footer(history),
    ]
    return _document("\n".join(parts))


def _document(body: str) -> str:
    css, js = ((ASSETS / name).read_text().strip() for name in ("matrix.css", "matrix.js"))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>Waybill: which versions read one another</title>",
            '<link rel="icon" href="data:,">',
            f"<style>\n{css}\n</style>",
            "</head>",
            f'<body>\n{body}\n<script type="module">\n{js}\n</script>',
            "</body>",
            "</html>",
            "",
        ]
    )


def _list(items: dict[str, str]) -> str:
    entries = "".join(f"<li><strong>{escape(name)}</strong>{escape(text)}</li>" for name, text in items.items())
    return f'<ul class="orders">{entries}</ul>'


def _legend() -> str:
    entries = "\n".join(f"<dt>{_mark(one)}</dt><dd>{escape(one.meaning)}</dd>" for one in Outcome)
    return f'<dl class="legend">\n{entries}\n</dl>'


def _mark(outcome: Outcome) -> str:
    symbol = f'<span aria-hidden="true">{outcome.symbol}</span>'
    return f'<span class="mark {outcome.name.lower()}">{symbol}{escape(outcome.words)}</span>'


def _side_by_side(rows: list[list[Together]], ids: "count[int]") -> str:
    body = [_heading(row[0].api, "API") + "".join(_together(one, ids) for one in row) for row in rows]
    return _table([one.processor for one in rows[0]], "processor", body)


def _together(one: Together, ids: "count[int]") -> str:
    title = f"API {one.api} beside processor {one.processor}"
    lines = [f"`{cell.contract}`: {cell.outcome.words}. {cell.notes[0]}" for cell in one.cells]
    lines += ["Everything else is read as it was written."] if lines else ["Everything is read as it was written."]
    return _td(one.outcome, one.concerned, title, lines, ids)


def _group(group: Group, history: History, ids: "count[int]") -> str:
    versions = [release.version for release in history.releases]
    rows = [_row_heading(row, group) + "".join(_cell(cell, ids) for cell in row.cells) for row in group.rows]
    about = f"Written by the {group.family.writer}, read by the {group.family.reader}; it lies {group.family.place}."
    table = _table(versions, group.family.reader, rows)
    name = escape(group.family.name)
    return f'<h3 id="{name}">{name}</h3>\n<p class="dim">{_code(about)}</p>\n{table}'


def _row_heading(row: Row, group: Group) -> str:
    several = len(group.family.contracts) > 1
    version = f" writes v{row.contract.rpartition('.v')[2]}" if several else ""
    return _heading(row.writer, f"{group.family.writer}{version}")


def _heading(version: str, text: str) -> str:
    return f'<th scope="row"><small>{escape(text)}</small> <b>{escape(version)}</b></th>'


def _table(versions: Sequence[str], reader: str, rows: Iterable[str]) -> str:
    head = "".join(f'<th scope="col">{escape(reader)} <b>{escape(version)}</b></th>' for version in versions)
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table>\n<tr><td></td>{head}</tr>\n{body}\n</table></div>'


def _cell(cell: Cell, ids: "count[int]") -> str:
    title = f"`{cell.contract}`, written by {cell.writer}, at a reader of {cell.reader}"
    return _td(cell.outcome, "", title, cell.notes, ids)


def _td(outcome: Outcome, small: str, title: str, lines: Iterable[str], ids: "count[int]") -> str:
    name = f"c{next(ids)}"
    below = f"<small>{escape(small)}</small>" if small else ""
    label = f'<b><span aria-hidden="true">{outcome.symbol}</span>{escape(outcome.words)}</b>{below}'
    button = f'<button type="button" class="{outcome.name.lower()}" popovertarget="{name}">{label}</button>'
    points = "".join(f"<li>{_code(line)}</li>" for line in lines)
    card = f'<div popover id="{name}"><h4>{_code(title)}</h4>{_mark(outcome)}<ul>{points}</ul></div>'
    return f"<td>{button}{card}</td>"


def _code(text: str) -> str:
    """Text with `code` in backticks, as HTML."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))


def _footer(history: History) -> str:
    pages: dict[str, Family] = {family.kind or family.name: family for family in families(history)}
    links = " · ".join(f'<a href="{escape(name)}.md">{escape(name)}</a>' for name in pages)
    newest = escape(history.newest.version)
    return (
        f"<footer>Made from the releases of the contracts, the newest of which is {newest}. Fields: {links}. "
        '<a href="README.md">Rules and checks</a>.</footer>'
    )
