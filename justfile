# The commands of this checkout: `./justw` lists them. Recipes call what stands in .venv, never `uv run`, which would
# resolve anew.

set positional-arguments := true

export UV := env("UV", "uv")

python := ".venv/bin/python"

# Plugins of pytest that other tests need take seconds to import.
few_plugins := "--disable-plugin-autoload -p asyncio -p timeout -p hypothesispytest"

# List the commands
[private]
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# --- local stack ---
# Every line runs to its end in one go: Ctrl-C reaches waybill-dev, which ends the stack in good order.

# Start everything on loopback and show one log; `up lambda` with the function, `up docker` in containers, `--detach`
[group("local stack")]
[no-exit-message]
up *options: setup-stack
    @.venv/bin/waybill-dev up "$@"

# Addresses, processes, messages; exit 0 when all runs, 3 when nothing does (`status --json` for programs)
[group("local stack")]
[no-exit-message]
status *options: setup-stack
    @.venv/bin/waybill-dev status "$@"

# The log of all services, or of one: `logs worker -f`
[group("local stack")]
[no-exit-message]
logs *options: setup-stack
    @.venv/bin/waybill-dev logs "$@"

# Bring one service to AWS, or into the running stack: `deploy queue|migrations|api|processor [local]`
[group("local stack")]
[no-exit-message]
deploy *options: setup-stack
    @.venv/bin/waybill-dev deploy "$@"

# Whether a service may go where others run, and why not: `can-i-deploy api|processor`, `--rollback-to 0.1.0`, `--json`
[group("local stack")]
[no-exit-message]
can-i-deploy *options: setup-stack
    @.venv/bin/waybill-dev can-i-deploy "$@"

# Follow real tasks through the running stack, step by step, with the time of each
[group("local stack")]
[no-exit-message]
demo: setup-stack
    @.venv/bin/waybill-dev demo

# End a running stack; its data stays
[group("local stack")]
[no-exit-message]
down: setup-stack
    @.venv/bin/waybill-dev down

# Remove all data of a stack that does not run; asks first, unless told --yes
[group("local stack")]
[no-exit-message]
reset *options: setup-stack
    @.venv/bin/waybill-dev reset "$@"

# Look into the queue without receiving anything: `queue peek`
[group("local stack")]
[no-exit-message]
queue *options: setup-stack
    @.venv/bin/waybill-dev queue "$@"

# Bring the schema to a revision, the newest unless named
[group("local stack")]
[no-exit-message]
migrate *revision: setup-stack
    @.venv/bin/waybill-dev migrate "$@"

# Write a new revision from the difference between the schema and the database
[group("local stack")]
[no-exit-message]
migration text: setup-stack
    @.venv/bin/waybill-dev migration "$@"

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
    @{{ python }} -m pytest {{ few_plugins }} shared/contracts tests/contract "$@"

# Keep the contracts as they are, for ever: schemas, samples, wheel; refuses what breaks, and a version that does not fit
[group("development")]
[no-exit-message]
contracts-release: setup
    @{{ python }} -m tools.contracts.release --check
    @{{ python }} -m pytest {{ few_plugins }} --quiet shared/contracts tests/contract
    @{{ python }} -m tools.contracts.release

# Write docs/contracts anew from the releases: a release does so, a change of the queue's template asks for it
[private]
contracts-docs: setup
    @{{ python }} -m tools.contracts.documents

# Keep a service as it is now, to be run beside later versions: `release api|processor`, with a version of its own
[group("development")]
[no-exit-message]
release *service: setup
    @{{ python }} -m tools.release_service "$@"

# Services of the release before beside those of today: mixed, swapped under load, and rolled back
[group("development")]
[no-exit-message]
test-upgrade *options: setup
    @{{ python }} -m pytest tests/upgrade "$@"

# The running API fuzzed over HTTP against its own OpenAPI document: `fuzz-api --max-examples 1000 --seed 7`
[group("development")]
[no-exit-message]
fuzz-api *options: setup
    @{{ python }} -m tools.fuzzing "$@"

# Waybill side by side with what its users would pick instead: `bench --quick`, `bench --rounds 5 --systems waybill`
[group("development")]
[no-exit-message]
bench *options: setup-stack
    @{{ python }} -m benchmarks "$@"

# The zip of a Lambda function in dist/: `package processor aws --arch arm64`; for the local MiniStack unless told
[group("development")]
[no-exit-message]
package name *options: setup-stack
    @{{ python }} -m tools.lambda_zip "$@"

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
