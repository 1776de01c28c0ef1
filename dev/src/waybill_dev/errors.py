"""The one way in which the local stack tells its user that something is wrong."""

FAILED = 1
NOT_RUNNING = 3
BAD_SETTINGS = 78


class StackError(Exception):
    """What is wrong and what to do about it, in one line.

    ``exit_code`` is what the command ends with: 1 unless told, 3 when nothing runs, 78 for bad settings.
    """

    def __init__(self, message: str, *, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
