"""A folder as a zip whose bytes depend on nothing but the names and contents of its files."""

import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

# The oldest instant that a zip can name, and `rw-r--r--` on a regular file: who built it and when must not show.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
FIXED_MODE = 0o100644
UNIX = 3
# The highest, 9, takes six times as long for one per cent less.
COMPRESSION_LEVEL = 6


def zip_folder(folder: Path, target: Path, wanted: Callable[[PurePosixPath], bool]) -> None:
    """Write the `wanted` files of `folder`, named relative to it, to `target`.

    The same zlib makes the same bytes; another one may compress otherwise.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
        for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
            if wanted(PurePosixPath(name)):
                archive.writestr(entry(name), (folder / name).read_bytes(), compresslevel=COMPRESSION_LEVEL)


def entry(name: str) -> zipfile.ZipInfo:
    """The head of a file in the zip, the same on every machine."""
    found = zipfile.ZipInfo(name, FIXED_TIME)
    found.create_system = UNIX
    found.compress_type = zipfile.ZIP_DEFLATED
    found.external_attr = FIXED_MODE << 16
    return found
