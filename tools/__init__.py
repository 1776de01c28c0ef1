"""The commands behind the justfile: environments, locks, checks, test runs. None of it is shipped."""
