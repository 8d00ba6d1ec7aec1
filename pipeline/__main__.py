"""`python -m pipeline` is `qinhe`."""

import sys

from pipeline.cli import main

sys.exit(main())
