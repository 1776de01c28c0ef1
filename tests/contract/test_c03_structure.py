"""C3: every writer of `task.requested` against every reader of it, by structure: both directions, all versions."""

from tests.contract.released import refuse
from tools.contracts.comparison import is_message, structural


def test_todays_reader_takes_whatever_any_release_writes(versions) -> None:
    refuse(structural(versions.before, [versions.today], is_message))


def test_every_released_reader_takes_whatever_is_written_today(versions) -> None:
    refuse(structural([versions.today], versions.before, is_message))


def test_todays_reader_takes_whatever_is_written_today(versions) -> None:
    refuse(structural([versions.today], [versions.today], is_message))


def test_all_releases_read_one_another(versions) -> None:
    refuse(structural(versions.before, versions.before, is_message))
