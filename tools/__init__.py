"""The commands behind the justfile: environments, locks, checks, test runs. Standard library only; none of it is shipped."""
