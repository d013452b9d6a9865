"""`python -m chexlabel` is the command `chexlabel`."""

import sys

from chexlabel.cli import main

if __name__ == "__main__":
    sys.exit(main())
