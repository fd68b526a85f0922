"""``python -m cpo_simulator``."""

import sys

from cpo_simulator.cli import main

sys.exit(main())
