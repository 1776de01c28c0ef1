"""How long to wait before a service that died is started again."""

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 10.0
# A service that ran this long was well: its next death is a new story.
SETTLED_SECONDS = 30.0


class Backoff:
    """Half a second at first, doubled up to ten; from the beginning again after 30 s of running."""

    def __init__(self) -> None:
        self._next_seconds = FIRST_SECONDS

    def after(self, ran_seconds: float) -> float:
        """Seconds to wait after a run of `ran_seconds`."""
        if ran_seconds >= SETTLED_SECONDS:
            self._next_seconds = FIRST_SECONDS
        waited = self._next_seconds
        self._next_seconds = min(waited * 2, LONGEST_SECONDS)
        return waited
