"""Drives a simulator with the exchange's published Python SDK, unchanged: only the address differs.

    python run.py URL OWNER_KEY MAKER_KEY BUILDER VAULT

Prints a line for each step, `ok …` or `FAIL …`, and ends with 1 when one failed.
"""

import sys

import harness
import markets  # noqa: F401  the steps are in the order of these imports
import orders  # noqa: F401
import accounts  # noqa: F401
import sockets  # noqa: F401

sys.exit(harness.run(harness.Site(*sys.argv[1:6])))
