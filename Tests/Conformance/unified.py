"""Drives a simulator with ccxt, a published client of many exchanges, unchanged: only the addresses differ.

    python unified.py URL OWNER_KEY

Prints a line for each step, as run.py does.
"""

import sys

import ccxt
import eth_account

import harness
from harness import equal, near, step

COIN = "BTC/USDC:USDC"


class Client:
    def __init__(self, url: str, key: str):
        address = eth_account.Account.from_key(key).address
        self.exchange = ccxt.hyperliquid({"walletAddress": address, "privateKey": key if key.startswith("0x") else "0x" + key})
        self.exchange.set_sandbox_mode(True)
        self.exchange.urls["api"] = {"public": url, "private": url}


@step("ccxt: markets, with precision and leverage")
def markets(client: Client) -> None:
    found = client.exchange.load_markets()
    equal(found[COIN]["swap"], True)
    equal(found[COIN]["precision"]["amount"], 0.00001)
    equal(found[COIN]["limits"]["leverage"]["max"], 20)


@step("ccxt: balance, ticker, book, trades")
def reads(client: Client) -> None:
    near(client.exchange.fetch_balance()["USDC"]["total"], 5_000_000, 1)
    ticker = client.exchange.fetch_tickers([COIN])[COIN]
    book = client.exchange.fetch_order_book(COIN)
    assert book["bids"][0][0] < ticker["last"] < book["asks"][0][0], (book["bids"][0], ticker["last"], book["asks"][0])
    assert book["bids"] == sorted(book["bids"], reverse=True), "bids fall"


@step("ccxt: a limit order rests, is found, changed and cancelled")
def limit(client: Client) -> None:
    placed = client.exchange.create_order(COIN, "limit", "buy", 0.001, 45_000)
    equal([order["id"] for order in client.exchange.fetch_open_orders(COIN)], [placed["id"]])
    equal(client.exchange.fetch_order(placed["id"], COIN)["status"], "open")
    client.exchange.edit_order(placed["id"], COIN, "limit", "buy", 0.002, 44_000)
    (changed,) = client.exchange.fetch_open_orders(COIN)
    equal((changed["price"], changed["amount"]), (44_000, 0.002))
    client.exchange.cancel_order(changed["id"], COIN)
    equal(client.exchange.fetch_open_orders(COIN), [])
    equal(client.exchange.fetch_order(changed["id"], COIN)["status"], "canceled")


@step("ccxt: orders by client id")
def client_id(client: Client) -> None:
    cloid = "0x" + "7" * 32
    client.exchange.create_order(COIN, "limit", "buy", 0.001, 45_000, {"clientOrderId": cloid})
    (order,) = client.exchange.fetch_open_orders(COIN)
    equal(order["clientOrderId"], cloid)
    client.exchange.cancel_order(None, COIN, {"clientOrderId": cloid})
    equal(client.exchange.fetch_open_orders(COIN), [])


@step("ccxt: a market order trades, leverage is set, a stop waits, the position closes")
def trade(client: Client) -> None:
    client.exchange.set_leverage(5, COIN)
    opened = client.exchange.create_order(COIN, "market", "buy", 0.01, 50_000)
    assert opened["info"]["filled"]["totalSz"] == "0.01", opened["info"]
    (position,) = client.exchange.fetch_positions([COIN])
    equal((position["side"], position["contracts"], position["leverage"]), ("long", 0.01, 5))
    client.exchange.create_order(COIN, "market", "sell", 0.01, 40_000, {"stopLossPrice": 40_000, "reduceOnly": True})
    (stop,) = client.exchange.fetch_open_orders(COIN)
    equal(float(stop["info"]["triggerPx"]), 40_000)
    client.exchange.create_order(COIN, "market", "sell", 0.01, 50_000, {"reduceOnly": True})
    equal([row for row in client.exchange.fetch_positions([COIN]) if row["contracts"]], [])
    client.exchange.cancel_order(stop["id"], COIN)
    sides = [fill["side"] for fill in client.exchange.fetch_my_trades(COIN)]
    assert sides.count("buy") >= 1 and sides.count("sell") >= 1, sides
    assert client.exchange.fetch_ohlcv(COIN, "1m")[-1][5] >= 0.02, "both trades are in the candle"


@step("ccxt: several orders in one action, and all of them cancelled")
def batch(client: Client) -> None:
    client.exchange.create_orders(
        [{"symbol": COIN, "type": "limit", "side": "buy", "amount": 0.001, "price": price} for price in (41_000, 42_000)]
    )
    ids = [order["id"] for order in client.exchange.fetch_open_orders(COIN)]
    equal(len(ids), 2)
    client.exchange.cancel_orders(ids, COIN)
    equal(client.exchange.fetch_open_orders(COIN), [])


@step("ccxt: fees, funding rates, open interest, movements, transfer to spot")
def money(client: Client) -> None:
    near(client.exchange.fetch_trading_fee(COIN)["taker"], 0.00045, 0)
    assert client.exchange.fetch_funding_rates([COIN])[COIN]["fundingRate"] is not None
    assert client.exchange.fetch_open_interest(COIN)["openInterestAmount"] is not None
    assert any(entry["info"]["delta"]["type"] == "deposit" for entry in client.exchange.fetch_ledger())
    client.exchange.transfer("USDC", 10, "swap", "spot")
    near(client.exchange.fetch_balance({"type": "spot"})["USDC"]["total"], 10, 0)


@step("ccxt: a refusal reaches the caller with the exchange's text")
def refusal(client: Client) -> None:
    try:
        client.exchange.create_order(COIN, "limit", "buy", 0.0001, 45_000)
    except ccxt.BaseError as error:
        assert "minimum value of $10" in str(error), error
        return
    raise AssertionError("an order of less than 10 USDC was taken")


sys.exit(harness.run(Client(*sys.argv[1:3])))
