"""The stack with a Lambda function in the worker's place, on the real templates, with a small function as the zip."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from waybill_dev.ministack import DEAD, queue_url
from waybill_dev.ministack.sqs import call
from waybill_dev.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = ("deploy/queue.yaml", "services/processor/deploy", "services/api/deploy")
ZIP_TOOL = """
import pathlib, zipfile
folder = pathlib.Path("dist")
folder.mkdir(exist_ok=True)
with zipfile.ZipFile(folder / "processor-local.zip", "w") as zipped:
    zipped.writestr(zipfile.ZipInfo("waybill_processor/aws_lambda.py"), pathlib.Path("function.py").read_text())
"""
FUNCTION = """
import os
def handler(event, context):
    for record in event["Records"]:
        print("BUILD works", record["body"], "password" if ":" in os.environ["WAYBILL_DATABASE_URL"][13:] else "")
    return {"batchItemFailures": [], **CONFIRMED}
"""
CONFIRMED = {"registered": "function waybill-processor", "version": "1"}


def furnish(stack):
    """What a deploy needs of a checkout."""
    for name in TEMPLATES:
        source, target = REPOSITORY / name, stack.checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (stack.checkout / "tools").mkdir()
    (stack.checkout / "tools/__init__.py").touch()
    (stack.checkout / "tools/lambda_zip.py").write_text(ZIP_TOOL)
    write_function(stack, "first")
    return stack


def write_function(stack, build, confirmed=CONFIRMED):
    code = FUNCTION.replace("BUILD", build).replace("**CONFIRMED", f"**{confirmed}")
    (stack.checkout / "function.py").write_text(code)


def deploy(stack, *words):
    """Without asking can-i-deploy: the stand-ins have neither tables nor manifests."""
    return stack.run("deploy", *words, "--anyway")


@pytest.fixture(scope="module")
def function_stack(tmp_path_factory, interpreter_with_stand_ins, tools_folder, checkout_maker):
    checkout = tmp_path_factory.mktemp("lambda") / "checkout"
    stack = furnish(checkout_maker(checkout, interpreter_with_stand_ins, tools_folder))
    try:
        done = stack.run("up", "lambda", "--detach")
        assert done.returncode == 0, done.stderr
        yield stack
    finally:
        stack.clean_up()


def send(stack, body):
    endpoint = stack.status()["addresses"]["SQS"]
    call(endpoint, "SendMessage", {"QueueUrl": queue_url(endpoint), "MessageBody": body})


def await_log(stack, text):
    def seen():
        return text in stack.run("logs", "lambda").stdout

    assert wait_until(seen, timeout_seconds=20), stack.run("logs").stdout


def test_the_function_takes_the_place_of_the_worker(function_stack):
    shown = function_stack.status()
    assert sorted(shown["processes"]) == ["api", "ministack", "postgres"]
    assert (shown["function"]["state"], shown["function"]["mapping"]) == ("Active", "Enabled")
    for_people = function_stack.run("status")
    assert for_people.returncode == 0
    assert "waybill-processor" in for_people.stdout


def test_a_message_is_worked_and_the_function_s_log_is_in_the_one_log(function_stack):
    send(function_stack, "message-one")
    await_log(function_stack, "first works message-one password")
    settled = {"visible": 0, "in_flight": 0, "delayed": 0, "dead": 0}
    assert wait_until(lambda: function_stack.status()["queues"] == settled, timeout_seconds=10)
    assert function_stack.run("logs", "lambda").stdout.count("message-one") == 1


def test_the_queues_are_those_of_the_template(function_stack):
    endpoint = function_stack.status()["addresses"]["SQS"]

    def attributes(url):
        return call(endpoint, "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})["Attributes"]

    tasks, dead = attributes(queue_url(endpoint)), attributes(queue_url(endpoint, DEAD))
    assert (tasks["VisibilityTimeout"], tasks["MessageRetentionPeriod"]) == ("360", "345600")
    assert dead["MessageRetentionPeriod"] == "1209600"
    assert json.loads(tasks["RedrivePolicy"]) == {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 10} or (
        str(json.loads(tasks["RedrivePolicy"])["maxReceiveCount"]) == "10"
    )


def test_deploying_again_says_what_changed(function_stack):
    write_function(function_stack, "second")
    changed = deploy(function_stack, "processor", "local")
    assert changed.returncode == 0, changed.stderr
    assert "changed Function" in changed.stdout.splitlines()[-1]
    send(function_stack, "message-two")
    await_log(function_stack, "second works message-two")
    same = deploy(function_stack, "processor", "local")
    assert same.stdout.splitlines()[-1].startswith("nothing changed")


def test_a_function_that_cannot_be_loaded_fails_the_deploy_in_one_line(function_stack):
    (function_stack.checkout / "function.py").write_text("import nothing_of_this_name")
    try:
        refused = deploy(function_stack, "processor", "local")
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
        assert "nothing_of_this_name" in refused.stderr
    finally:
        write_function(function_stack, "third")
        assert deploy(function_stack, "processor", "local").returncode == 0


@pytest.mark.parametrize(
    ("answered", "why"),
    [({}, "it does not know how to"), ({"failed": "OSError: no route"}, "OSError: no route")],
    ids=["old", "database away"],
)
def test_a_function_that_could_not_register_fails_the_deploy_in_one_line(function_stack, answered, why):
    write_function(function_stack, "silent", answered)
    try:
        refused = deploy(function_stack, "processor", "local")
        assert refused.returncode == 1
        line = f"waybill: waybill-processor is deployed, but could not register itself for can-i-deploy: {why}\n"
        assert refused.stderr == line
    finally:
        write_function(function_stack, "fourth")
        assert deploy(function_stack, "processor", "local").returncode == 0


def test_a_service_that_cannot_be_asked_about_is_not_deployed(function_stack):
    refused = function_stack.run("deploy", "processor", "local")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1


def test_a_zip_that_cannot_be_built_is_one_line(function_stack):
    (function_stack.checkout / "tools/lambda_zip.py").write_text("raise SystemExit('package: the lock is missing')")
    try:
        refused = deploy(function_stack, "processor", "local")
        assert refused.stderr == "waybill: the zip cannot be built: package: the lock is missing\n"
    finally:
        (function_stack.checkout / "tools/lambda_zip.py").write_text(ZIP_TOOL)


@pytest.mark.parametrize("words", [("api",), ("processor", "--worker")], ids=["api", "worker"])
def test_what_ministack_cannot_run_is_deployed_and_named_as_such(function_stack, words):
    done = deploy(function_stack, words[0], "local", *words[1:])
    assert done.returncode == 0, done.stderr
    assert "runs no container of it" in done.stdout
    assert "added" in done.stdout.splitlines()[-1]


def test_an_unknown_parameter_is_refused_with_those_that_there_are(function_stack):
    refused = deploy(function_stack, "queue", "local", "--set", "Visibility=1")
    assert refused.returncode == 1
    assert refused.stderr == (
        "waybill: waybill-queue has no parameter Visibility: "
        "AlarmTopicArn, MaxReceiveCount, OldestMessageSeconds, QueueName, VisibilitySeconds\n"
    )


def test_a_parameter_that_was_given_once_is_kept(function_stack):
    for words in (["--set", "OldestMessageSeconds=600"], []):
        done = deploy(function_stack, "queue", "local", *words)
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("nothing changed")


def test_a_ministack_that_died_is_furnished_again(function_stack):
    os.kill(function_stack.status()["processes"]["ministack"]["pid"], signal.SIGKILL)

    def furnished():
        shown = function_stack.status()
        return shown["processes"]["ministack"]["state"] == "ready" and shown["function"]["mapping"] == "Enabled"

    assert wait_until(furnished, timeout_seconds=40), function_stack.run("logs").stdout
    send(function_stack, "message-after")
    await_log(function_stack, "works message-after")


def test_a_stack_with_a_worker_takes_no_function(running):
    refused = deploy(running, "processor", "local")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "waybill: this stack runs the worker, with SQS alone: './justw down', then './justw up lambda'"
    ]


def test_without_a_stack_there_is_nothing_to_deploy_to(stack):
    refused = stack.run("deploy", "queue", "local")
    assert refused.returncode == 3
    assert refused.stderr.splitlines() == ["waybill: not running: './justw up lambda' starts the stack to deploy to"]


@pytest.mark.parametrize("what", ["queue", "api", "processor"])
def test_without_credentials_nothing_is_deployed_to_aws(stack, what):
    config = stack.checkout / "config"
    config.write_text("[profile somebody-elses]\nregion = eu-central-1\n")
    apart = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(stack.checkout / "nothing")}
    refused = stack.run("deploy", what, AWS_EC2_METADATA_DISABLED="true", **apart)
    assert refused.returncode == 1
    assert refused.stderr == "waybill: AWS: Unable to locate credentials\n"


def test_migrations_elsewhere_need_an_address(stack):
    refused = stack.run("deploy", "migrations")
    assert refused.returncode == 78
    assert refused.stderr.startswith("waybill: WAYBILL_MIGRATIONS_DATABASE_URL must be set")
