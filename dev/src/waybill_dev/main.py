"""Entry point of the command waybill-dev."""

import os
import sys
from collections.abc import Sequence

from waybill_dev.errors import FAILED, StackError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Every failure is one line on standard error."""
    try:
        # Loaded only now: Ctrl-C in the first tenth of a second is no stack trace either.
        from waybill_dev.commands.words import run

        return run(arguments)
    except StackError as error:
        return _complain(str(error), error.exit_code)
    except BrokenPipeError:  # whoever read our output has seen enough, as in `logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}: mend that, or set WAYBILL_HOME to another folder", FAILED)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _complain(line: str, code: int) -> int:
    print(f"waybill: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
