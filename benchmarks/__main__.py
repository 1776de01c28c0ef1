"""`python -m benchmarks`, which is `./justw bench`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
