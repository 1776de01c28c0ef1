"""Each Dockerfile gone through without Docker, and the command of the image started."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from waybill_dev.ports import free_port

from tests.docker.rehearsal import DOCKERFILES, Image
from tests.stack.processes import Service, Until
from tools.tests.pins import pins
from tools.workspace import package_in, siblings

Images = Callable[[str], Image]
INSTALLED = "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"
NOWHERE = "postgresql://nobody@127.0.0.1:1/waybill"
AWAY = {
    "WAYBILL_DATABASE_URL": NOWHERE,
    "WAYBILL_RELAY_DATABASE_URL": NOWHERE,
    "WAYBILL_QUEUE_URL": "http://127.0.0.1:1/000000000000/waybill-tasks",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "WAYBILL_API_HOST": "127.0.0.1",
}

pytestmark = pytest.mark.timeout(600)  # the first time, packages are fetched


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_holds_its_lock_and_the_members_it_needs_and_nothing_else(image: Images, name: str):
    (program, *_) = image(name).command()
    python = str(Path(program).with_name("python"))
    shown = subprocess.run([python, "-I", "-c", INSTALLED], capture_output=True, text=True, check=True).stdout
    installed = {found.lower().replace("_", "-").replace(".", "-") for found in json.loads(shown)}
    package = package_in(name)
    members = {member.name for member in [package, *siblings(package)]}
    assert {found for found in installed if found.startswith("waybill-")} == members
    assert installed - members <= pins(package.lock).keys()  # it names some for other systems too
    assert "pip" not in installed


async def test_the_api_image_starts_answers_that_it_lives_and_ends_on_a_signal(
    image: Images, tmp_path: Path, until: Until
):
    api = image("api")
    variables = {**api.variables, **AWAY, "WAYBILL_API_PORT": str(free_port())}
    service = Service("api", api.command(), variables, tmp_path / "api.log", until)
    await service.until_logged("api.listening")
    assert healthcheck(api, variables) == 0  # it asks /health/live
    service.send(signal.SIGTERM)
    assert await service.ended(10) == 0
    assert healthcheck(api, variables) != 0


async def test_the_processor_image_starts_without_its_database_and_ends_on_a_signal(
    image: Images, tmp_path: Path, until: Until
):
    processor = image("processor")
    service = Service("worker", processor.command(), {**processor.variables, **AWAY}, tmp_path / "worker.log", until)
    await service.until_logged("worker.started")
    service.send(signal.SIGTERM)
    assert await service.ended(30) == 0


def test_the_migrations_image_says_how_it_is_used(image: Images):
    migrations = image("migrations")
    done = start(migrations, {"WAYBILL_MIGRATIONS_DATABASE_URL": NOWHERE}, "one", "word", "too many")
    assert (done.returncode, done.stderr) == (2, "usage: waybill-migrate [revision | check | new TEXT]\n")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_without_settings_ends_with_one_line_that_names_them(image: Images, name: str):
    done = start(image(name), {})
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1
    assert "DATABASE_URL" in done.stderr


def start(image: Image, variables: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        image.command(*arguments), env={**image.variables, **variables}, capture_output=True, text=True, check=False
    )


def healthcheck(image: Image, variables: dict[str, str]) -> int:
    (instruction,) = image.stage.all("HEALTHCHECK")
    argv = json.loads(instruction.rest.removeprefix("CMD "))
    environment = {**variables, "no_proxy": "127.0.0.1"}
    return subprocess.run(argv, env=environment, capture_output=True, check=False, timeout=30).returncode
