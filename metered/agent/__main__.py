"""`python -m metered.agent`."""

import sys

from metered.agent.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
