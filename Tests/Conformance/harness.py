"""Steps, in the order in which they are written, and the parties that take them.

Each step asserts values. A step that fails does not end the run: every failing one is named at its end.
"""

import sys
import time
import traceback
from typing import Any, Callable

import eth_account
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.error import ClientError

STEPS: list[tuple[str, Callable]] = []


def step(name: str):
    def add(function: Callable) -> Callable:
        STEPS.append((name, function))
        return function

    return add


class Site:
    """A simulator and who trades there: `owner` and `maker` with their own keys, a builder, and a vault of the owner."""

    def __init__(self, url: str, owner_key: str, maker_key: str, builder: str, vault: str):
        self.url = url
        self.owner = eth_account.Account.from_key(owner_key)
        self.maker = eth_account.Account.from_key(maker_key)
        self.builder = builder
        self.vault = vault
        self.info = Info(url, skip_ws=True)
        self.exchange = Exchange(self.owner, url)
        self.other = Exchange(self.maker, url)

    @property
    def user(self) -> str:
        return self.owner.address

    def ask(self, kind: str, **members: Any) -> Any:
        """An information request the SDK has no method for."""
        return self.info.post("/info", {"type": kind, **members})

    def value(self, address: str) -> float:
        return float(self.info.user_state(address)["marginSummary"]["accountValue"])

    def position(self, coin: str, address: str | None = None) -> float:
        rows = self.info.user_state(address or self.user)["assetPositions"]
        return next((float(row["position"]["szi"]) for row in rows if row["position"]["coin"] == coin), 0.0)

    def flatten(self, coin: str) -> None:
        """Without a position and without orders in `coin`."""
        for order in self.info.frontend_open_orders(self.user):
            if order["coin"] == coin:
                self.exchange.cancel(coin, order["oid"])
        if self.position(coin) != 0:
            filled(self.exchange.market_close(coin))
        assert self.position(coin) == 0


def equal(found: Any, expected: Any) -> None:
    assert found == expected, f"found {found!r}, expected {expected!r}"


def near(found: Any, expected: float, tolerance: float) -> None:
    assert abs(float(found) - expected) <= tolerance, f"found {found!r}, expected {expected} ± {tolerance}"


def statuses(answer: Any) -> list:
    assert answer["status"] == "ok", answer
    return answer["response"]["data"]["statuses"]


def filled(answer: Any) -> dict:
    (status,) = statuses(answer)
    assert "filled" in status, answer
    return status["filled"]


def resting(answer: Any) -> int:
    (status,) = statuses(answer)
    assert "resting" in status, answer
    return status["resting"]["oid"]


def done(answer: Any) -> None:
    equal(answer, {"status": "ok", "response": {"type": "default"}})


def refused(answer: Any, beginning: str) -> None:
    assert answer["status"] == "err" and answer["response"].startswith(beginning), f"found {answer!r}, expected {beginning!r}"


def unreadable(call: Callable) -> None:
    """The exchange answers 422 with a text."""
    try:
        found = call()
    except ClientError as error:
        equal((error.status_code, error.error_message), (422, "Failed to deserialize the JSON body into the target type"))
        return
    raise AssertionError(f"answered {found!r}")


def run(site: Site) -> int:
    failures = 0
    for name, function in STEPS:
        began = time.monotonic()
        try:
            function(site)
        except Exception as error:  # pylint: disable=broad-except
            failures += 1
            place = traceback.extract_tb(error.__traceback__)
            line = next((entry for entry in reversed(place) if entry.name == function.__name__), place[-1])
            print(f"FAIL {name}: {type(error).__name__}: {error} (line {line.lineno})".replace("\n", " "), flush=True)
        else:
            print(f"ok {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
    print(f"{len(STEPS)} steps, {failures} failed", flush=True)
    return 1 if failures else 0
