"""docker-compose.yml played without Docker: the same commands in the same order, out of the same images.

What Docker would give is stood in for: the network by addresses on loopback, postgres and ministack by the local
stack's own.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from waybill_dev.ministack import MiniStack
from waybill_dev.ministack.tool import installed_python
from waybill_dev.ports import free_port
from waybill_dev.postgres import PostgresServer
from waybill_dev.postgres.binaries import wheel_bin_folder

from tests.docker.compose import order_of_start, read_compose
from tests.docker.rehearsal import Image
from tests.stack.client import Client
from tests.stack.processes import Service, Until
from tools.lambda_zip import LOCAL, build
from tools.workspace import ROOT, package_in

SECRET = "not-the-default"
SERVICES: dict[str, Any] = read_compose({"WAYBILL_DATABASE_PASSWORD": SECRET, "WAYBILL_LOG_FORMAT": "json"})["services"]
EMULATED = ("sqs", "cloudformation", "cloudwatch", "s3", "iam", "lambda", "logs", "sts")

pytestmark = pytest.mark.timeout(600)  # the first time, packages are fetched


class Play:
    """The two servers, and what stands for their names in the containers."""

    def __init__(self, postgres: PostgresServer, ministack: MiniStack) -> None:
        self.postgres = postgres
        self.ministack = ministack
        self.api_port = free_port()

    def variables(self, name: str) -> dict[str, str]:
        """The service's variables, with addresses of this machine."""
        found = {key: str(value) for key, value in SERVICES[name]["environment"].items()}
        at_postgres = f"@127.0.0.1:{self.postgres.port}/"
        found = {key: value.replace("@postgres:5432/", at_postgres) for key, value in found.items()}
        found = {key: value.replace("http://ministack:4566", self.ministack.endpoint) for key, value in found.items()}
        assert not [value for value in found.values() if "postgres:5432" in value or "ministack:" in value]
        here = {"PGHOST": "127.0.0.1", "PGPORT": str(self.postgres.port)} if "PGHOST" in found else {}
        return {**found, **here, "no_proxy": "127.0.0.1"}

    def psql(self, name: str) -> None:
        """Run a service whose command is psql, to its end."""
        command = [word.replace("/sql/", f"{ROOT}/deploy/docker/") for word in SERVICES[name]["command"]]
        path = f"{wheel_bin_folder()}:{os.environ['PATH']}"
        ended(command, {"PATH": path, **self.variables(name)})


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Both servers, with the password that the compose file was given."""
    folder = Path(tempfile.mkdtemp(prefix="waybill-docker-"))
    folder.chmod(0o711)  # the account that PostgreSQL runs under passes through
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    try:
        with (
            PostgresServer(folder / "server", password=SECRET, durable=False, settings=settings) as postgres,
            MiniStack(tmp_path / "ministack", services=EMULATED) as ministack,
        ):
            yield Play(postgres, ministack)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("shell", ["processor", "lambda"])
async def test_the_stack_comes_up_in_order_works_a_task_and_stops(
    shell: str, play: Play, image: Callable[[str], Image], tmp_path: Path, until: Until
):
    running: list[Service] = []
    try:
        for name in order_of_start(SERVICES):
            match name:
                case "ministack":
                    make_queues(play)
                case "database" | "roles":
                    play.psql(name)
                    play.psql(name)  # each start does it again
                case "migrate":
                    migrations = image("migrations")
                    ended(migrations.command(), {**migrations.variables, **play.variables(name)})
                case "lambda" if shell == "lambda":
                    deploy_function(play)
                case "api" | "processor" if name in ("api", shell):
                    running.append(service_of(name, image(name), play, tmp_path, until))
                case _:
                    pass  # it runs, or the other shell does its work
        await running[0].until_logged("api.listening")
        await check_that_tasks_are_worked(play, until)
        for service in running:
            service.send(signal.SIGTERM)
        assert [await service.ended(30) for service in running] == [0] * len(running)
    finally:
        for service in running:
            service.kill()


async def check_that_tasks_are_worked(play: Play, until: Until) -> None:
    async with aiohttp.ClientSession() as session:
        client = Client(session, f"http://127.0.0.1:{play.api_port}")
        task_id = await client.submit("Complete Flow Test", description="Testing end-to-end process")

        async def completed() -> bool:
            return await client.status(task_id) == "completed"

        await until(completed, 20)


def service_of(name: str, image: Image, play: Play, folder: Path, until: Until) -> Service:
    listening = {"WAYBILL_API_HOST": "127.0.0.1", "WAYBILL_API_PORT": str(play.api_port)}
    variables = {**image.variables, **play.variables(name), **(listening if name == "api" else {})}
    return Service(name, image.command(), variables, folder / f"{name}.log", until)


def make_queues(play: Play) -> None:
    """As MiniStack does after each of its starts, and once more; then ask after its health as Docker does."""
    python = str(installed_python())
    script = (ROOT / "deploy/docker/ready.d/queues.sh").read_text().splitlines()[-1]
    assert script == "exec python /deploy/docker/make_queues.py"
    for _ in range(2):
        ended([python, str(ROOT / "deploy/docker/make_queues.py")], {"AWS_ENDPOINT_URL": play.ministack.endpoint})
    _, _, *arguments = SERVICES["ministack"]["healthcheck"]["test"]
    code = arguments[-1].replace(":4566", f":{play.ministack.port}")
    ended([python, "-c", code], {"no_proxy": "127.0.0.1"})


def deploy_function(play: Play) -> None:
    """As the service `lambda` does, with a zip for the Python that MiniStack runs on here."""
    zipped = build(package_in("processor"), LOCAL)
    program, script, *_ = SERVICES["lambda"]["entrypoint"]
    assert program == "python"
    template = ROOT / "services/processor/deploy/lambda.yaml"
    argv = [str(installed_python()), f"{ROOT}{script}", str(template), str(zipped)]
    runs, answers = ended(argv, play.variables("lambda")).splitlines()
    assert runs.startswith("waybill-processor runs processor-")
    assert '"registered": "function waybill-processor"' in answers


def ended(argv: list[str] | tuple[str, ...], environment: dict[str, str]) -> str:
    """Run a command to its good end; what it said."""
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout
