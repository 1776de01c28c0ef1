"""How a guard says that something costs more than it may."""

Overrun = str


def overrun(what: str, counted: float, bound: float, look_at: str) -> list[Overrun]:
    """Nothing, or one line for a person: what was counted, its bound, and where to look."""
    if counted <= bound:
        return []
    return [f"{what}: {counted:.3f} counted, at most {bound} are allowed; look at {look_at}"]


def assert_none(*overruns: list[Overrun]) -> None:
    """Fail with every line at once: one change often shows in several counts."""
    lines = [line for part in overruns for line in part]
    assert not lines, "\n".join(["", *lines, "(bounds stand beside the tests; raise one only knowing what is bought)"])
