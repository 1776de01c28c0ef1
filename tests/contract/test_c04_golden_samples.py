"""C4: every golden message that was ever released is still read, with the values that it had for its own release."""

import pytest

from tests.contract.released import refuse
from tools.contracts.comparison import by_samples, is_message
from tools.contracts.readings import readings, refusal


def test_todays_decode_reads_every_message_ever_released_as_its_release_did(versions) -> None:
    for release, version in zip(versions.history.releases, versions.before, strict=True):
        refuse(by_samples(version, release.readings, versions.today.label, readings(release.samples), is_message))


def test_todays_decode_reads_the_messages_that_todays_release_would_keep(versions) -> None:
    made = readings({name: samples for name, samples in versions.todays_samples().items() if is_message(name)})
    refused = {f"{name}/{one}": refusal(read) for name, each in made.items() for one, read in each.items()}
    if any(refused.values()):
        pytest.fail("\n".join(f"{sample}: {why}" for sample, why in refused.items() if why), pytrace=False)
