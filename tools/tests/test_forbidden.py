import pytest

from tools.forbidden import findings

# Put together here, so that this file passes the check that it tests.
PLANTED = [
    "--index-url https://" + "py" + "pi.org/simple",
    "https://files." + "python" + "hosted.org/packages/x.whl",
    "registry=https://registry." + "npm" + "js.org/",
    "cache = '/" + "work/main/.venv'",
    "HOME=/" + "root",
    "path: /" + "home/someone/waybill",
    "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "-----BEGIN " + "RSA PRIVATE KEY-----",
]
HARMLESS = [
    "fetched from PyPI",
    "docs at https://docs.litestar.dev/",
    "root = ${root}/work/things",
    "http://localhost:8000/tasks",
    "POST /workers/root",
    "AWS_ACCESS_KEY_ID=test",
    "/var/tmp/waybill-0",
]


@pytest.mark.parametrize("line", PLANTED)
def test_a_planted_string_is_found_with_file_and_line(line: str) -> None:
    (found,) = findings("docs/some.md", f"first line\n{line}\n")
    assert found.startswith("docs/some.md:2: ")


@pytest.mark.parametrize("line", HARMLESS)
def test_ordinary_text_passes(line: str) -> None:
    assert findings("README.md", line) == []
