# The commands of this checkout: `./justw` lists them. Recipes call what stands in .venv, never `uv run`, which would
# resolve anew.

set positional-arguments := true

export UV := env("UV", "uv")

python := ".venv/bin/python"

# List the commands
[private]
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# --- local stack ---
# --- end of local stack ---

# Everything the code is checked for: format, lint, types, import rules, locks, forbidden strings
[group("development")]
[no-exit-message]
check: setup
    @{{ python }} -m tools.check

# Format, and repair what can be repaired
[group("development")]
[no-exit-message]
fix: setup
    @{{ python }} -m ruff check --quiet --fix-only .
    @{{ python }} -m ruff format .

# All tests: each package in its own environment, then everything between packages
[group("development")]
[no-exit-message]
test *options: setup
    @{{ python }} -m tools.run_tests "$@"

# The tests of one package, as in `test-package services/api -k claim`, in an environment of its own
[group("development")]
[no-exit-message]
test-package folder *options: setup
    @{{ python }} -m tools.run_tests --package "$@"

# What both ends of a contract agree on
[group("development")]
[no-exit-message]
test-contracts *options: setup
    @{{ python }} -m pytest shared/contracts tests/contract "$@"

# Resolve the locks anew after a change of dependencies; `lock --upgrade` takes the newest versions
[group("development")]
[no-exit-message]
lock *options: _python
    @{{ python }} -m tools.locks "$@"

# Bring .venv up to date with the locks; every command that needs it does so
[group("development")]
[no-exit-message]
setup: _python
    @{{ python }} -m tools.environment all

# As setup, but only what the local stack needs
[private]
[no-exit-message]
setup-stack: _python
    @{{ python }} -m tools.environment stack

[private]
[no-exit-message]
_python:
    @command -v "$UV" >/dev/null || { echo "uv is missing: run ./justw instead of just, or install uv" >&2; exit 1; }
    @{{ python }} -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
        || { rm -rf .venv && "$UV" venv --quiet --no-project --python '>=3.11' .venv; }
