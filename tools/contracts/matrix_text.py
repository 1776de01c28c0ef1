"""docs/contracts/matrix.md: the same matrix for whoever reads in a terminal or on a code host."""

from collections.abc import Iterable, Sequence

from tools.contracts.history import History
from tools.contracts.matrix import Group, Outcome, Row, Together, groups, together


def matrix_text(history: History) -> str:
    """The page in Markdown."""
    legend = [f"- {one.symbol} **{one.words}**: {one.meaning}" for one in Outcome]
    return "\n".join(
        [
            "# Which versions read one another\n",
            "As a page, with the rule and the pair behind each cell: [matrix.html](matrix.html).\n",
            *legend,
            "\n## An API beside a processor\n",
            "Both run at once, in these versions of the contracts: the worst that becomes of anything they write.\n",
            *_side_by_side(together(history)),
            "\n## Contract by contract",
            *(_group(group, history) for group in groups(history)),
            "",
        ]
    )


def _side_by_side(rows: list[list[Together]]) -> list[str]:
    columns = [f"processor {one.processor}" for one in rows[0]]
    return _table(columns, [(f"API {row[0].api}", [_beside(one) for one in row]) for row in rows])


def _beside(one: Together) -> str:
    concerned = f" ({one.concerned})" if one.concerned else ""
    return f"{_words(one.outcome)}{concerned}"


def _words(outcome: Outcome) -> str:
    return f"{outcome.symbol} {outcome.words}"


def _group(group: Group, history: History) -> str:
    family = group.family
    columns = [f"{family.reader} {release.version}" for release in history.releases]
    rows = [(_row_heading(row, family.writer), [_words(cell.outcome) for cell in row.cells]) for row in group.rows]
    return "\n".join([f"\n### {family.name}\n", *_table(columns, rows)])


def _row_heading(row: Row, writer: str) -> str:
    return f"{writer} {row.writer} writes v{row.contract.rpartition('.v')[2]}"


def _table(columns: Sequence[str], rows: Iterable[tuple[str, list[str]]]) -> list[str]:
    head = ["|  | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    return [*head, *("| " + " | ".join((heading, *row)) + " |" for heading, row in rows)]
