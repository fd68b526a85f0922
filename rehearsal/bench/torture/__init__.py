"""`make torture`: many charges at once while workers, beat, web, Redis and PostgreSQL are killed again and again.

Afterwards our rows are compared with the payment gateway's books and with the simulated CPOs' own: nothing may be lost,
stuck, or done twice.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# The throw-away servers are those of `scripts/with_services.py`.
sys.path.append(str(ROOT / "scripts"))
