"""`python -m verifier BUNDLE.zip`."""

import sys

from verifier.command import main

if __name__ == "__main__":
    sys.exit(main())
