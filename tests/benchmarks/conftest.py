"""Makes the benchmarks importable: they belong to the checkout and are not installed."""

import sys
from pathlib import Path

# At the end: kws_live itself is to come from the environment.
sys.path.append(str(Path(__file__).resolve().parents[2]))
