"""How many actions the exchange's published Python SDK signs in a second.

    python sign_speed.py ACTION NONCE MICROSECONDS

Signs the L1 action (JSON) for mainnet with a key that is nobody's, counting the nonce up, for about so long. The last line it prints is
`{"signed": …, "microseconds": …, "first": "<r><s><v>", "curve": "…"}`: the first signature in hexadecimal digits, its v in decimal ones.
"""

import json
import sys
import time

import eth_account
from eth_keys.backends import get_backend
from hyperliquid.utils.signing import sign_l1_action

KEY = "0x" + "31" * 32
BATCH = 8

action, nonce, limit = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) * 1_000
wallet = eth_account.Account.from_key(KEY)


def sign(number: int) -> dict:
    return sign_l1_action(wallet, action, None, number, None, True)


def digits(number: str) -> str:
    return f"{int(number, 16):064x}"


first = sign(nonce)
for warm in range(BATCH):
    sign(nonce + warm)

signed = 0
began = time.perf_counter_ns()
took = 0
while took < limit:
    for _ in range(BATCH):
        sign(nonce + signed)
        signed += 1
    took = time.perf_counter_ns() - began

print(
    json.dumps(
        {
            "signed": signed,
            "microseconds": took // 1_000,
            "first": digits(first["r"]) + digits(first["s"]) + str(first["v"]),
            "curve": type(get_backend()).__name__,
        }
    )
)
