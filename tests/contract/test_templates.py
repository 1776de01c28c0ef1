"""The deploy templates: what their roles may do, and numbers that must fit one another and the code."""

import re
from typing import Any

import msgspec
import pytest
import yaml
from waybill_api.relay.settings import RelaySettings
from waybill_api.settings import ApiSettings
from waybill_dev.can_i_deploy.reading import RETENTION_DAYS
from waybill_dev.ministack import DEAD, TASKS
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.intake import UNKNOWN_TASK_TRIES
from waybill_processor.queue import SQS_BATCH
from waybill_processor.settings import LambdaSettings, WorkerSettings
from waybill_processor.worker.main import RELEASE_SECONDS
from waybill_runtime.instances import REGISTER

from tools.lambda_zip import ARCHITECTURES, AWS_RUNTIME, entry_module
from tools.workspace import ROOT, package_in

DAY_SECONDS = 86_400
MARGIN_SECONDS = 10
# Actions for which AWS knows no narrower resource, or that come before a resource has a name.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


class Cloudformation(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` becomes {"Ref": "X"}."""


def short_form(loader: Cloudformation, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    return {suffix: value}


Cloudformation.add_multi_constructor("!", short_form)


def load(path: str) -> dict[str, Any]:
    return yaml.load((ROOT / path).read_text(), Cloudformation)


PATHS = ["deploy/queue.yaml", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("services/*/deploy/*.yaml")))]
TEMPLATES = {path: load(path) for path in PATHS}
QUEUE, FUNCTION, WORKER, API = (
    TEMPLATES[path]
    for path in (
        "deploy/queue.yaml",
        "services/processor/deploy/lambda.yaml",
        "services/processor/deploy/ecs.yaml",
        "services/api/deploy/ecs.yaml",
    )
)


def properties(template, name):
    return template["Resources"][name]["Properties"]


def default(template, name):
    return template["Parameters"][name]["Default"]


def statements(node: Any) -> list[dict[str, Any]]:
    """Every statement of every policy below `node`."""
    if isinstance(node, list):
        return [found for each in node for found in statements(each)]
    if not isinstance(node, dict):
        return []
    own = node.get("Statement", [])
    return [*own, *(found for each in node.values() for found in statements(each) if each is not own)]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(template, policy):
    """What one named policy of the template allows."""
    found = [
        each
        for resource in template["Resources"].values()
        for each in resource["Properties"].get("Policies", [])
        if each.get("PolicyName") == policy
    ]
    return {action for each in statements(found) for action in listed(each["Action"])}


def variables(template):
    container = properties(template, "TaskDefinition")["ContainerDefinitions"][0]
    return {each["Name"] for each in [*container["Environment"], *container["Secrets"]]}


def names_of(*structs):
    return {f"WAYBILL_{field.name.upper()}" for struct in structs for field in msgspec.structs.fields(struct)}


def required(*structs):
    fields = [field for struct in structs for field in msgspec.structs.fields(struct) if field.required]
    return {f"WAYBILL_{field.name.upper()}" for field in fields}


def test_every_template_is_looked_at():
    assert len(TEMPLATES) == 4
    assert all(len(statements(template)) >= 2 for template in TEMPLATES.values())


@pytest.mark.parametrize("path", PATHS)
def test_no_role_may_do_more_than_named_actions_on_named_resources(path):
    for statement in statements(TEMPLATES[path]):
        if statement["Effect"] == "Deny" or "Principal" in statement:
            continue
        allowed = set(listed(statement["Action"]))
        assert not [action for action in allowed if "*" in action], statement
        if any("*" in str(resource) for resource in listed(statement["Resource"])):
            assert allowed <= WITHOUT_RESOURCE, statement


@pytest.mark.parametrize("path", PATHS)
def test_a_role_is_taken_by_one_service_of_aws(path):
    for statement in statements(TEMPLATES[path]):
        if statement["Effect"] == "Allow" and "Principal" in statement:
            assert statement["Action"] == "sts:AssumeRole"
            assert statement["Principal"]["Service"] in ("lambda.amazonaws.com", "ecs-tasks.amazonaws.com")


def test_the_function_may_log_and_have_its_messages_received_and_nothing_else():
    policies = properties(FUNCTION, "Role")["Policies"]
    always = [found for each in policies if "If" not in each for found in statements(each)]
    assert {action for each in always for action in listed(each["Action"])} == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    }
    assert [each["If"][0] for each in policies if "If" in each] == ["HasVpc"]


def test_the_api_may_send_and_the_worker_may_receive():
    assert actions(API, "send") == {"sqs:SendMessage", "sqs:GetQueueAttributes"}
    assert actions(WORKER, "receive") == {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}


@pytest.mark.parametrize("name", ["TaskQueue", "DeadLetterQueue"])
def test_a_queue_is_encrypted_and_refuses_all_without_tls(name):
    assert properties(QUEUE, name)["SqsManagedSseEnabled"] is True
    refusals = [each for each in statements(QUEUE) if each["Resource"] == {"GetAtt": f"{name}.Arn"}]
    assert [(each["Effect"], each["Action"], each["Condition"]) for each in refusals] == [
        ("Deny", "sqs:*", {"Bool": {"aws:SecureTransport": "false"}})
    ]


def test_the_queues_have_the_names_and_the_retention_that_the_local_ones_have():
    assert default(QUEUE, "QueueName") == TASKS
    assert properties(QUEUE, "DeadLetterQueue")["QueueName"]["Sub"].replace("${QueueName}", TASKS) == DEAD
    assert properties(QUEUE, "TaskQueue")["MessageRetentionPeriod"] == 4 * DAY_SECONDS
    assert properties(QUEUE, "DeadLetterQueue")["MessageRetentionPeriod"] == 14 * DAY_SECONDS
    # can-i-deploy counts on it, and so does how long an instance that has ended is remembered.
    assert RETENTION_DAYS == 14 < int(re.findall(r"interval '(\d+) days'", REGISTER)[0])


def test_a_task_that_is_not_there_is_poison_before_sqs_gives_its_message_up():
    assert default(QUEUE, "MaxReceiveCount") == 10 > UNKNOWN_TASK_TRIES
    assert properties(QUEUE, "TaskQueue")["RedrivePolicy"]["maxReceiveCount"] == {"Ref": "MaxReceiveCount"}


def test_the_queue_hides_messages_for_six_timeouts_of_the_function():
    assert default(QUEUE, "VisibilitySeconds") >= 6 * properties(FUNCTION, "Function")["Timeout"]


def test_the_relay_waits_for_twice_the_visibility_before_it_takes_a_message_for_lost():
    assert default(API, "ReconcileGraceSeconds") >= 2 * default(QUEUE, "VisibilitySeconds")


def test_every_handler_ends_well_before_the_function_does():
    timeout_seconds = properties(FUNCTION, "Function")["Timeout"]
    for line in handler_table(webhook_sender("", allow_private=False)):
        assert line.policy.time_limit_seconds <= timeout_seconds - MARGIN_SECONDS


def test_a_batch_is_worked_at_once_and_reported_message_by_message():
    mapping = properties(FUNCTION, "Mapping")
    assert mapping["BatchSize"] == SQS_BATCH
    concurrency = next(f for f in msgspec.structs.fields(LambdaSettings) if f.name == "concurrency").default
    assert concurrency >= SQS_BATCH
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert default(FUNCTION, "MaximumConcurrency") == 10


def test_the_function_is_the_one_that_the_zip_is_built_for():
    function = properties(FUNCTION, "Function")
    assert function["Runtime"] == AWS_RUNTIME
    assert function["Handler"] == f"{entry_module(package_in('processor'))}.handler"
    assert FUNCTION["Parameters"]["Architecture"]["AllowedValues"] == list(ARCHITECTURES)


def test_the_function_is_given_variables_that_it_reads():
    given = set(properties(FUNCTION, "Function")["Environment"]["Variables"])
    assert required(LambdaSettings) <= given <= names_of(LambdaSettings)


def test_the_containers_are_given_variables_that_they_read():
    assert required(WorkerSettings) <= variables(WORKER) - {"AWS_REGION"} <= names_of(WorkerSettings)
    api = (ApiSettings, RelaySettings)
    assert required(*api) <= variables(API) - {"AWS_REGION"} <= names_of(*api)


def test_a_worker_that_is_stopped_has_time_to_hand_back_what_it_holds():
    worker = {field.name: field.default for field in msgspec.structs.fields(WorkerSettings)}
    stop_seconds = properties(WORKER, "TaskDefinition")["ContainerDefinitions"][0]["StopTimeout"]
    assert stop_seconds > worker["receive_wait_seconds"] + worker["drain_seconds"] + RELEASE_SECONDS


@pytest.mark.parametrize("path", PATHS)
def test_no_secret_of_a_template_is_shown(path):
    for name, parameter in TEMPLATES[path]["Parameters"].items():
        if name in ("DatabaseUrl", "WebhookSecret"):
            assert parameter["NoEcho"] is True


def test_every_stack_that_needs_one_tells_of_trouble():
    def alarms(template):
        alarm = "AWS::CloudWatch::Alarm"
        return {r["Properties"]["MetricName"] for r in template["Resources"].values() if r["Type"] == alarm}

    assert alarms(QUEUE) == {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}
    assert alarms(FUNCTION) == {"Errors", "Throttles"}
