"""What the Dockerfiles say; `./justw check` has hadolint look at them too."""

import re
from pathlib import Path

import pytest

from tests.docker.dockerfile import build_context, is_ignored, read_dockerfile
from tests.docker.rehearsal import DOCKERFILES
from tools.workspace import package_in, siblings

every_dockerfile = pytest.mark.parametrize("path", DOCKERFILES.values(), ids=DOCKERFILES)
# Programs that exist to compile; slim images come without them.
COMPILERS = re.compile(r"\b(apt-get|apk|gcc|build-essential|cargo)\b")


@every_dockerfile
def test_the_base_image_is_slim_and_pinned_and_the_same_for_both_stages_and_all_services(path: Path):
    images = {stage.image for each in DOCKERFILES.values() for stage in read_dockerfile(each)}
    (image,) = images
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", image)


@every_dockerfile
def test_what_is_installed_is_pinned_by_hash_in_the_locks_of_the_package_and_of_the_build(path: Path):
    build, _ = read_dockerfile(path)
    installs = [part for run in build.all("RUN") for part in run.text.split("&&") if " install " in part]
    fetching = [part for part in installs if "--no-index" not in part]
    locks = [match for part in fetching for match in re.findall(r"--requirement (\S+)", part)]
    folder = "migrations" if path.parent.name == "migrations" else f"services/{path.parent.name}"
    assert locks == ["tools/requirements-build.lock", f"{folder}/requirements.lock"]
    assert all("--require-hashes" in part and "--no-deps" in part for part in fetching)
    assert build.environment({})["PIP_ONLY_BINARY"] == ":all:"


@every_dockerfile
def test_the_wheels_are_those_of_the_package_and_of_the_members_it_needs(path: Path):
    build, _ = read_dockerfile(path)
    (wheels,) = [run.text for run in build.all("RUN") if " wheel " in run.text]
    package = package_in(path.parent.name)
    wanted = {f"./{member.folder}" for member in [package, *siblings(package)]}
    assert set(re.findall(r"\s(\./\S+)", wheels)) == wanted
    assert {f"./{copied.rest.split()[0]}" for copied in build.all("COPY")} >= wanted


@every_dockerfile
def test_the_final_stage_runs_nothing_copies_one_environment_and_has_no_compiler(path: Path):
    build, final = read_dockerfile(path)
    assert final.all("RUN") == []
    assert [(copied.flags, copied.rest) for copied in final.all("COPY")] == [
        ({"from": build.name}, "/opt/waybill /opt/waybill")
    ]
    assert not COMPILERS.search(path.read_text())


@every_dockerfile
def test_a_container_does_not_run_as_root(path: Path):
    _, final = read_dockerfile(path)
    (user,) = final.all("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user.rest)


@every_dockerfile
def test_a_signal_reaches_the_process_since_no_shell_starts_it(path: Path):
    _, final = read_dockerfile(path)
    commands = [*final.all("ENTRYPOINT"), *final.all("CMD")]
    assert commands
    assert all(instruction.argv for instruction in commands)  # the shell form is no JSON


@pytest.mark.parametrize("secret", [".env", ".git/config", ".local/passwords.json", "dist/processor-local.zip"])
def test_what_is_private_to_a_checkout_never_reaches_an_image(secret: str):
    assert is_ignored(Path(secret))


@every_dockerfile
def test_an_image_is_built_from_sources_and_locks_alone(path: Path):
    build, _ = read_dockerfile(path)
    files = [file for copied in build.all("COPY") for file in build_context(copied.rest.split()[0])]
    sources = {".py", ".toml", ".lock", ".typed", ".mako", ".html", ".css", ".js", ".sql"}
    assert {file.suffix for file in files} <= sources
    assert not [file for file in files if "tests" in file.parts]
