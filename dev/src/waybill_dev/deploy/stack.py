"""One CloudFormation stack: brought by a change set to what its template and parameters say."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from waybill_dev.deploy.aws import Aws, refusals
from waybill_dev.deploy.events import Events
from waybill_dev.errors import StackError

_POLL_SECONDS = 3.0
_LOCAL_POLL_SECONDS = 0.05
_LONGEST_SECONDS = 1800.0
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_NEW = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE", None)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Deployed:
    """What came of it: the outputs of the stack, and what was added, modified or removed."""

    outputs: Mapping[str, str]
    changes: list[str]


class Stack:
    """A stack by its name."""

    def __init__(self, aws: Aws, name: str, say: Say) -> None:
        self._aws = aws
        self._client = aws.client("cloudformation")
        self._name = name
        self._say = say
        self._poll_seconds = _LOCAL_POLL_SECONDS if aws.is_local else _POLL_SECONDS

    def deploy(self, template: Path, given: Mapping[str, str]) -> Deployed:
        """Create or update the stack; parameters that are not given keep their value. Raises StackError."""
        with refusals():
            found = self._found()
            if found.get("StackStatus") == "ROLLBACK_COMPLETE":  # its creation failed, and AWS updates no such stack
                self._client.delete_stack(StackName=self._name)
                self._wait(found["StackId"])
                found = {}
            change_set = self._change_set(template, given, found)
            if change_set is None:
                return Deployed(self.outputs(), [])
            changes = [_change(each["ResourceChange"]) for each in change_set["Changes"]]
            events = Events(self._client, change_set["StackId"])
            self._client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
            self._await_success(change_set["StackId"], events)
            return Deployed(self.outputs(), changes)

    def outputs(self) -> dict[str, str]:
        """Outputs of the stack, none when there is no such stack. Raises StackError."""
        with refusals():
            return {each["OutputKey"]: each["OutputValue"] for each in self._found().get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """Parameters of the stack as they are now, those that may not be echoed as asterisks. Raises StackError."""
        with refusals():
            return {each["ParameterKey"]: each["ParameterValue"] for each in self._found().get("Parameters", [])}

    def _found(self, stack_id: str | None = None) -> dict[str, Any]:
        try:
            return self._client.describe_stacks(StackName=stack_id or self._name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise

    def _change_set(self, template: Path, given: Mapping[str, str], found: Mapping[str, Any]) -> dict[str, Any] | None:
        """The change set when it is ready; None when there is nothing to change."""
        is_new = found.get("StackStatus") in _NEW
        body = template.read_text()
        made = self._client.create_change_set(
            StackName=self._name,
            ChangeSetName=f"deploy-{time.time_ns()}",
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateBody=body,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=self._parameters(body, given, {} if is_new else found),
        )
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            change_set = self._client.describe_change_set(ChangeSetName=made["Id"])
            if change_set["Status"] == "CREATE_COMPLETE":
                return change_set
            if change_set["Status"] == "FAILED":
                reason = change_set.get("StatusReason", "no reason given")
                self._client.delete_change_set(ChangeSetName=made["Id"])
                if any(words in reason for words in _NOTHING):
                    return None
                raise StackError(f"stack {self._name} cannot be changed: {reason}")
            time.sleep(self._poll_seconds)
        raise self._not_done()

    def _parameters(self, body: str, given: Mapping[str, str], found: Mapping[str, Any]) -> list[dict[str, Any]]:
        declared = self._client.validate_template(TemplateBody=body)["Parameters"]
        names = {each["ParameterKey"] for each in declared}
        if unknown := given.keys() - names:
            raise StackError(f"{self._name} has no parameter {', '.join(sorted(unknown))}: {', '.join(sorted(names))}")
        kept = {each["ParameterKey"] for each in found.get("Parameters", [])} & names - given.keys()
        optional = {each["ParameterKey"] for each in declared if "DefaultValue" in each}
        if missing := names - optional - kept - given.keys():
            words = " ".join(f"--set {name}=..." for name in sorted(missing))
            raise StackError(f"stack {self._name} needs to know more the first time: add {words}")
        return [
            *({"ParameterKey": name, "ParameterValue": value} for name, value in given.items()),
            *({"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept)),
        ]

    def _await_success(self, stack_id: str, events: Events) -> None:
        status = self._wait(stack_id, lambda: [self._say(line) for line in events.new()])
        if "ROLLBACK" in status or status.endswith("FAILED"):
            raise StackError(f"stack {self._name} is {status}: {events.first_failure or 'its events say why'}")

    def _wait(self, stack_id: str, look: Callable[[], object] = lambda: None) -> str:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            status: str = self._found(stack_id).get("StackStatus", "DELETE_COMPLETE")
            look()
            if not status.endswith("IN_PROGRESS"):
                return status
            time.sleep(self._poll_seconds)
        raise self._not_done()

    def _not_done(self) -> StackError:
        return StackError(f"stack {self._name} was not done after {_LONGEST_SECONDS / 60:.0f} min: look at it in AWS")


def _change(resource: Mapping[str, Any]) -> str:
    word = {"Add": "added", "Modify": "changed", "Remove": "removed"}.get(resource["Action"], resource["Action"])
    again = " (replaced)" if resource.get("Replacement") == "True" else ""
    return f"{word} {resource['LogicalResourceId']}{again}"
