"""Where the checkout lies that this stack belongs to."""

from pathlib import Path

_MARK = Path("dev") / "pyproject.toml"


def checkout_folder() -> Path:
    """The checkout around the working folder; else the one this package is installed from; else the working folder."""
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / _MARK).is_file() and "waybill-dev" in (folder / _MARK).read_text():
            return folder
    return here
