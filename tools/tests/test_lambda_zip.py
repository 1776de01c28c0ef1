"""The zip of the processor's Lambda function, for the local MiniStack and for both architectures of AWS."""

import json
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags, parse_tag

from tools import lambda_zip
from tools.cold_import import isolated
from tools.lambda_zip import ARCHITECTURES, AWS_RUNTIME, LOCAL, Target, build, entry_module, local_python
from tools.tests.pins import pins
from tools.workspace import ROOT, WorkspaceError, package_in

PROCESSOR = package_in("services/processor")
AWS = [Target(architecture) for architecture in ARCHITECTURES]
EVERYWHERE = [LOCAL, *AWS]
# Limits of AWS: of a zip that is uploaded as it is, and of what Lambda unzips.
LARGEST_ZIP_BYTES = 50_000_000
LARGEST_UNZIPPED_BYTES = 250_000_000
# And ours: what is there and a fifth. A new dependency is worth a look at what it costs a cold start.
MOST_ZIP_BYTES = 10_500_000
MOST_UNZIPPED_BYTES = 37_000_000
MOST_MODULES = 320
AWS_PYTHON = (3, 13)
AWS_GLIBC = (2, 34)
ELF_MACHINES = {"x86_64": ("x86_64", 62), "arm64": ("aarch64", 183)}
LOADED_LATER = {"aiohttp", "attr", "email", "multidict", "yarl"}
UNCHECKED = (1).to_bytes(4, "little")
SDK = {"aiobotocore", "aioitertools", "boto3", "botocore", "uvloop"}
IMPORT_AND_LIST = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
found = [importlib.import_module(name) for name in sys.argv[2:]]
cached = [module.__cached__ for module in found]
print(json.dumps({"files": [module.__file__ for module in found], "cached": cached, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def zipped() -> Callable[[Target], Path]:
    """Builds each zip once."""
    made: dict[Target, Path] = {}

    def zip_for(target: Target) -> Path:
        if target not in made:
            made[target] = build(PROCESSOR, target)
        return made[target]

    return zip_for


@pytest.fixture
def unzipped(zipped: Callable[[Target], Path], tmp_path: Path) -> Callable[[Target], Path]:
    def unzip(target: Target) -> Path:
        with zipfile.ZipFile(zipped(target)) as archive:
            archive.extractall(tmp_path / target.name)
        return tmp_path / target.name

    return unzip


def imported(folder: Path, *modules: str) -> "subprocess.CompletedProcess[str]":
    command = isolated(local_python(), IMPORT_AND_LIST, str(folder), *modules)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def our_modules(folder: Path) -> set[str]:
    files = [path.relative_to(folder) for path in folder.glob("waybill_*/**/*.py")]
    return {".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files}


def names_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


@pytest.mark.parametrize("target", EVERYWHERE, ids=lambda target: target.name)
def test_building_twice_makes_the_same_bytes(zipped, target: Target) -> None:
    before = zipped(target).read_bytes()
    assert build(PROCESSOR, target).read_bytes() == before


def test_the_handler_is_imported_where_nothing_but_the_unzipped_folder_is_on_the_path(unzipped) -> None:
    folder = unzipped(LOCAL)
    done = imported(folder, entry_module(PROCESSOR))
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert [Path(file).is_relative_to(folder) for file in shown["files"]] == [True]
    assert not SDK & {name.split(".")[0] for name in shown["modules"]}


def test_every_module_that_the_function_may_come_to_is_imported_without_the_aws_sdk(unzipped) -> None:
    folder = unzipped(LOCAL)
    apart = re.compile(r"waybill_processor\.(worker|queue)\b|waybill_runtime\.sqs")
    modules = [name for name in our_modules(folder) if not apart.match(name)]
    assert len(modules) > 30
    done = imported(folder, *modules)
    assert done.returncode == 0, done.stderr
    assert not SDK & {name.split(".")[0] for name in json.loads(done.stdout)["modules"]}


@pytest.mark.parametrize("package", ["aiohttp", "asyncpg", "msgspec", "structlog", "waybill_contracts", "yarl"])
def test_a_dependency_that_is_missing_in_the_zip_is_noticed(unzipped, package: str) -> None:
    folder = unzipped(LOCAL)
    shutil.rmtree(folder / package)
    done = imported(folder, entry_module(PROCESSOR), "waybill_processor.handlers.webhook_client")
    assert done.returncode == 1
    assert f"No module named '{package}'" in done.stderr


@pytest.mark.parametrize("target", EVERYWHERE, ids=lambda target: target.name)
def test_a_zip_holds_what_its_lock_names_and_our_packages_and_no_aws_sdk(zipped, target: Target) -> None:
    heads = [re.match(r"(.+)-[^-]+\.dist-info/METADATA$", name) for name in names_in(zipped(target))]
    held = {head[1].lower().replace("_", "-") for head in heads if head}
    ours = {"waybill-contracts", "waybill-processor", "waybill-runtime"}
    only_before_3_13 = {"typing-extensions"}
    assert PROCESSOR.lambda_lock
    assert held | only_before_3_13 == pins(PROCESSOR.lambda_lock).keys() | ours | only_before_3_13
    assert not SDK & {name.split("/")[0] for name in names_in(zipped(target))}


@pytest.mark.parametrize("target", EVERYWHERE, ids=lambda target: target.name)
def test_a_zip_is_within_its_budget_and_the_limits_of_lambda(zipped, target: Target) -> None:
    with zipfile.ZipFile(zipped(target)) as archive:
        unzipped_bytes = sum(entry.file_size for entry in archive.infolist())
    assert unzipped_bytes <= MOST_UNZIPPED_BYTES < LARGEST_UNZIPPED_BYTES
    assert zipped(target).stat().st_size <= MOST_ZIP_BYTES < LARGEST_ZIP_BYTES


@pytest.mark.parametrize("target", EVERYWHERE, ids=lambda target: target.name)
def test_neither_who_built_a_zip_nor_when_shows(zipped, target: Target) -> None:
    with zipfile.ZipFile(zipped(target)) as archive:
        entries = archive.infolist()
        paths_shown = [entry.filename for entry in entries if str(ROOT).encode() in archive.read(entry)]
    assert paths_shown == []
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {(entry.date_time, entry.external_attr >> 16) for entry in entries} == {((1980, 1, 1, 0, 0, 0), 0o100644)}


@pytest.mark.parametrize("target", EVERYWHERE, ids=lambda target: target.name)
def test_a_zip_holds_neither_tests_nor_sources_of_extensions(zipped, target: Target) -> None:
    assert [name for name in names_in(zipped(target)) if re.search(r"/tests/|^bin/|\.(pyi|pyx|pxd|c|h)$", name)] == []


@pytest.mark.parametrize("target", EVERYWHERE, ids=lambda target: target.name)
def test_a_zip_holds_bytecode_of_all_its_modules_that_no_cold_start_checks_or_of_none(zipped, target: Target) -> None:
    names = names_in(zipped(target))
    bytecode = {name for name in names if name.endswith(".pyc")}
    if target.python() is None:
        assert bytecode == set()
        return
    tag = "cpython-313" if target.architecture else f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    modules = {PurePosixPath(name) for name in names if name.endswith(".py")}
    assert bytecode == {str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc") for path in modules}
    with zipfile.ZipFile(zipped(target)) as archive:
        flags = {archive.read(name)[4:8] for name in bytecode}
    assert flags == {UNCHECKED}


def test_the_modules_of_a_cold_start_come_out_of_bytecode_and_are_few(unzipped) -> None:
    """Each module costs a cold start 0.4 ms and some memory; aiohttp with all that it brings waits for a webhook."""
    folder = unzipped(LOCAL)
    done = imported(folder, entry_module(PROCESSOR))
    loaded = json.loads(done.stdout)
    assert not LOADED_LATER & {name.split(".")[0] for name in loaded["modules"]}
    assert len(loaded["modules"]) <= MOST_MODULES
    assert all(Path(cached).exists() for cached in loaded["cached"])


def test_a_target_without_its_python_gets_a_zip_without_bytecode_and_is_told_so(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(lambda_zip, "found_python", lambda _: None)
    monkeypatch.setattr(lambda_zip, "DIST", tmp_path)
    monkeypatch.setattr(lambda_zip, "ROOT", tmp_path)
    assert lambda_zip.main(["processor", "aws"]) == 0
    assert not [name for name in names_in(tmp_path / "processor-aws-x86_64.zip") if name.endswith(".pyc")]
    assert "`uv python install 3.13`" in capsys.readouterr().out.splitlines()[-1]


def tags_of_aws(machine: str) -> set[Tag]:
    platforms = [f"manylinux_{AWS_GLIBC[0]}_{minor}_{machine}" for minor in range(AWS_GLIBC[1], 16, -1)]
    platforms += [f"manylinux2014_{machine}", f"linux_{machine}"]
    return {*cpython_tags(AWS_PYTHON, platforms=platforms), *compatible_tags(AWS_PYTHON, "cp313", platforms)}


@pytest.mark.parametrize("target", AWS, ids=lambda target: target.name)
def test_every_wheel_in_a_zip_for_aws_was_made_for_its_python_and_its_machine(zipped, target: Target) -> None:
    machine, _ = ELF_MACHINES[str(target.architecture)]
    with zipfile.ZipFile(zipped(target)) as archive:
        wheels = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith("/WHEEL")}
    tags = {name: HeaderParser().parsestr(text).get_all("Tag", []) for name, text in wheels.items()}
    fitting = tags_of_aws(machine)
    assert len(tags) > 10
    assert [name for name, shown in tags.items() if not fitting & {t for tag in shown for t in parse_tag(tag)}] == []


@pytest.mark.parametrize("target", AWS, ids=lambda target: target.name)
def test_every_extension_in_a_zip_for_aws_loads_there(zipped, target: Target) -> None:
    machine, elf_machine = ELF_MACHINES[str(target.architecture)]
    with zipfile.ZipFile(zipped(target)) as archive:
        extensions = {name: archive.read(name) for name in archive.namelist() if ".so" in Path(name).suffixes}
    assert len(extensions) > 8
    for name, content in extensions.items():
        assert name.endswith((f".cpython-313-{machine}-linux-gnu.so", ".abi3.so")), name
        assert content.startswith(b"\x7fELF\x02\x01"), name
        assert struct.unpack_from("<H", content, 18) == (elf_machine,), name
        wanted_glibc = [(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)]
        assert max(wanted_glibc) <= AWS_GLIBC, name


def test_the_python_of_these_tests_is_the_one_of_the_runtime() -> None:
    assert f"python{AWS_PYTHON[0]}.{AWS_PYTHON[1]}" == AWS_RUNTIME


def test_what_is_no_function_is_refused_with_what_can_be_packaged() -> None:
    with pytest.raises(WorkspaceError, match=r"waybill-api is no Lambda function; .* is: processor$"):
        build(package_in("api"), LOCAL)


def test_a_build_that_fails_leaves_the_zip_of_before_and_nothing_else(zipped, monkeypatch) -> None:
    before = zipped(LOCAL).read_bytes()

    def fails(*arguments: str) -> None:
        raise WorkspaceError("no network")

    monkeypatch.setattr(lambda_zip, "uv", fails)
    with pytest.raises(WorkspaceError):
        build(PROCESSOR, LOCAL)
    assert zipped(LOCAL).read_bytes() == before
    assert not list(lambda_zip.DIST.glob(".unfinished-*"))


def test_the_command_says_how_large_the_zip_is_and_what_its_import_costs(capsys: pytest.CaptureFixture[str]) -> None:
    assert lambda_zip.main(["processor"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"dist/processor-local\.zip: \S+ MB, \S+ MB unzipped, \d+ packages, built in \S+ s", first)
    assert re.fullmatch(r"cold import of waybill_processor\.aws_lambda: \d+ ms of CPU", second)
