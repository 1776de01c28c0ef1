"""What is written about a history: who reads whom, the fields of each version, what each release brought."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools.contracts.documents import make_documents, stale, write_documents
from tools.contracts.history import History
from tools.contracts.matrix import Outcome, groups, together
from tools.contracts.queue_template import read_queue
from tools.tests.made_history import made_history

READS, UPCAST, SHOWN, HELD, NEVER = Outcome


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return made_history(tmp_path_factory.mktemp("released"))


@pytest.fixture(scope="module")
def documents(history: History) -> dict[str, str]:
    return make_documents(history)


OUTCOMES = [
    ("payload.mail.send.v1", "1.0.0", [READS, READS, UPCAST]),
    ("payload.mail.send.v1", "1.1.0", [READS, READS, UPCAST]),
    ("payload.mail.send.v1", "2.0.0", [READS, READS, UPCAST]),
    ("payload.mail.send.v2", "2.0.0", [HELD, HELD, READS]),
    ("result.mail.send.v2", "2.0.0", [SHOWN, SHOWN, READS]),
    ("payload.hand.wave.v1", "1.0.0", [READS, READS, NEVER]),
    ("result.hand.wave.v1", "1.0.0", [READS, READS, SHOWN]),
    ("task.requested.v1", "2.0.0", [READS, READS, READS]),
]


@pytest.mark.parametrize(("contract", "writer", "outcomes"), OUTCOMES)
def test_what_becomes_of_a_document_at_each_reader(history, contract, writer, outcomes):
    rows = [row for group in groups(history) for row in group.rows]
    [row] = [row for row in rows if (row.contract, row.writer) == (contract, writer)]
    assert [cell.outcome for cell in row.cells] == outcomes


def notes(history: History, contract: str, writer: str, reader: str) -> str:
    cells = [cell for group in groups(history) for row in group.rows for cell in row.cells]
    [found] = [one for one in cells if (one.contract, one.writer, one.reader) == (contract, writer, reader)]
    return " ".join(found.notes)


def test_a_cell_says_which_rule_which_fields_and_whether_the_pair_was_tested(history):
    assert "R2: `copies` may be missing" in notes(history, "payload.mail.send.v1", "1.0.0", "1.1.0")
    assert "R2: the reader ignores `copies`" in notes(history, "payload.mail.send.v1", "1.1.0", "1.0.0")
    assert "R9: upcasters make version 2" in notes(history, "payload.mail.send.v1", "1.0.0", "2.0.0")
    assert "R10" in notes(history, "payload.mail.send.v2", "2.0.0", "1.1.0")
    assert "R11: retired before 2.0.0. nobody waved" in notes(history, "payload.hand.wave.v1", "1.0.0", "2.0.0")
    assert "Tested together" in notes(history, "payload.mail.send.v1", "1.0.0", "1.0.0")
    assert "Not tested together" in notes(history, "payload.mail.send.v1", "1.1.0", "1.0.0")


def test_an_api_beside_a_processor_shows_the_worst_and_of_what(history):
    rows = together(history)
    assert [(one.outcome, one.concerned) for one in rows[2]] == [
        (HELD, "mail.send v2"),
        (HELD, "mail.send v2"),
        (UPCAST, "mail.send v1"),
    ]
    assert [one.outcome for one in rows[0]] == [READS, READS, NEVER]


class Page(HTMLParser):
    """What a page loads, the ids it has, and the ids that its buttons open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads, self.ids, self.opens = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.loads += [found[name] for name in ("src", "href") if name in found and tag != "a"]
        self.ids += [found["id"]] if "id" in found else []
        self.opens += [found["popovertarget"]] if "popovertarget" in found else []


def test_the_page_loads_nothing_and_every_cell_opens_its_own_details(documents):
    text = documents["matrix.html"]
    page = Page(text)
    assert page.loads == ["data:,"]
    assert not re.search(r"@import|url\(|https?://", text)
    assert page.opens
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.opens) <= set(page.ids)


def test_the_page_and_the_text_say_the_same(history, documents):
    cells = [one.outcome.words for group in groups(history) for row in group.rows for one in row.cells]
    cells += [one.outcome.words for row in together(history) for one in row]
    page = re.findall(r"<td><button[^>]*><b><span[^>]*>.</span>([^<]*)</b>", documents["matrix.html"])
    rows = [line for line in documents["matrix.md"].splitlines() if line.startswith("| ")]
    text = [cell for row in rows for cell in re.findall(r"\| . ([a-z ]*[a-z])", row)]
    assert sorted(page) == sorted(text) == sorted(cells)


def test_a_page_lists_each_version_with_its_fields_and_the_release_that_brought_them(documents):
    page = documents["mail.send.md"]
    assert page.index("payload.mail.send.v2") < page.index("payload.mail.send.v1")
    assert "| `copies` | integer | no; always written | `0` | ≥ 0 | 1.1.0 |  |" in page
    assert "| `to` | string | yes |  | pattern below | 1.0.0 | To \\| whom. |" in page
    assert "to                       ^.+@.+$" in page
    assert "Its upcaster makes the next version" in page
    assert "**Retired in 2.0.0.** nobody waved" in documents["hand.wave.md"]


def test_the_changelog_says_what_each_release_brought_and_links_to_it(documents):
    text = documents["CHANGELOG.md"]
    assert re.findall(r"## (.*)", text) == ["2.0.0 (major)", "1.1.0 (minor)", "1.0.0 (first)"]
    assert "[`payload.mail.send.v1`](mail.send.md#payloadmailsendv1) gains `copies`" in text
    assert "[`payload.hand.wave.v1`](hand.wave.md#payloadhandwavev1) is gone" in text
    for page, anchor in re.findall(r"\(([\w.]+\.md)#(\w+)\)", text):
        headings = re.findall(r"^## (.*)", documents[page], re.MULTILINE)
        assert anchor in [heading.replace(".", "") for heading in headings]


def test_one_release_is_enough_and_none_makes_no_documents(history):
    first = History(history.folder, history.releases[:1], history.tombstones)
    assert make_documents(first).keys() >= {"asyncapi.json", "matrix.html", "matrix.md", "mail.send.md"}
    assert make_documents(History(history.folder)) == {}


def test_writing_changes_what_is_stale_and_removes_what_is_no_longer_made(history, documents, tmp_path: Path):
    (tmp_path / "README.md").write_text("by hand")
    (tmp_path / "gone.kind.md").write_text("of an old release")
    (tmp_path / "error.md").write_text("edited")
    assert {path.name for path in write_documents(history, tmp_path)} == {"gone.kind.md", *documents}
    assert stale(documents, tmp_path) == []
    assert (tmp_path / "README.md").read_text() == "by hand"


def test_the_queue_is_read_from_its_template_with_its_defaults(tmp_path: Path):
    queue = read_queue()
    assert queue.dead_letter_name == f"{queue.name}-dead"
    assert queue.dead_letter_retention_seconds > queue.retention_seconds > queue.visibility_seconds > queue.wait_seconds
    assert queue.max_receive_count >= 5
