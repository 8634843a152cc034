"""Orders of every kind, through the SDK's Exchange."""

import time

from harness import Site, done, equal, filled, near, refused, resting, statuses, step
from hyperliquid.utils.types import Cloid

GTC = {"limit": {"tif": "Gtc"}}


@step("a limit order rests, is shown everywhere, and is cancelled")
def limit(site: Site):
    oid = resting(site.exchange.order("BTC", True, 0.1, 45000, GTC))
    (order,) = site.info.open_orders(site.user)
    equal([order[name] for name in ("coin", "side", "limitPx", "sz", "origSz", "oid")], ["BTC", "B", "45000.0", "0.1", "0.1", oid])
    (detailed,) = site.info.frontend_open_orders(site.user)
    equal([detailed[name] for name in ("orderType", "tif", "isTrigger", "reduceOnly", "cloid")], ["Limit", "Gtc", False, False, None])
    equal(site.info.query_order_by_oid(site.user, oid)["order"]["status"], "open")
    equal(statuses(site.exchange.cancel("BTC", oid)), ["success"])
    equal(site.info.open_orders(site.user), [])
    equal(site.info.query_order_by_oid(site.user, oid)["order"]["status"], "canceled")
    (again,) = statuses(site.exchange.cancel("BTC", oid))
    assert again["error"].startswith("Order was never placed, already canceled, or filled."), again
    equal(site.info.query_order_by_oid(site.user, 1), {"status": "unknownOid"})


@step("cancel by cloid")
def cloid(site: Site):
    name = Cloid.from_int(int(time.time() * 1000))
    resting(site.exchange.order("BTC", False, 0.1, 55000, GTC, cloid=name))
    equal(site.info.query_order_by_cloid(site.user, name)["order"]["order"]["cloid"], name.to_raw())
    equal(statuses(site.exchange.cancel_by_cloid("BTC", name)), ["success"])
    equal(site.info.query_order_by_cloid(site.user, name)["order"]["status"], "canceled")


@step("bulk orders, each with its own answer")
def bulk(site: Site):
    def request(coin: str, price: float, size: float) -> dict:
        return {"coin": coin, "is_buy": True, "sz": size, "limit_px": price, "order_type": GTC, "reduce_only": False}

    answers = statuses(site.exchange.bulk_orders([request("BTC", 45000, 0.1), request("ETH", 1800, 0.001), request("ETH", 1800, 1)]))
    assert "resting" in answers[0] and "resting" in answers[2], answers
    assert answers[1]["error"].startswith("Order must have minimum value of $10."), answers
    oids = [answers[0]["resting"]["oid"], answers[2]["resting"]["oid"]]
    cancels = [{"coin": "BTC", "oid": oids[0]}, {"coin": "ETH", "oid": oids[1]}]
    equal(statuses(site.exchange.bulk_cancel(cancels)), ["success", "success"])


@step("market open and close")
def market(site: Site):
    before = site.value(site.user)
    fill = filled(site.exchange.market_open("BTC", True, 0.1))
    equal((fill["totalSz"], fill["avgPx"]), ("0.1", "50010.0"))
    newest = site.info.user_fills(site.user)[0]
    equal([newest[name] for name in ("coin", "px", "sz", "side", "dir", "crossed", "feeToken")], ["BTC", "50010.0", "0.1", "B", "Open Long", True, "USDC"])
    equal((newest["oid"], newest["fee"], newest["startPosition"]), (fill["oid"], "2.25045", "0.0"))
    (row,) = site.info.user_state(site.user)["assetPositions"]
    position = row["position"]
    equal([position[name] for name in ("coin", "szi", "entryPx")], ["BTC", "0.1", "50010.0"])
    equal(position["leverage"], {"type": "cross", "value": 20})
    equal(site.info.query_order_by_oid(site.user, fill["oid"])["order"]["status"], "filled")
    closed = filled(site.exchange.market_close("BTC"))
    equal(closed["totalSz"], "0.1")
    equal(site.position("BTC"), 0.0)
    last = site.info.user_fills(site.user)[0]
    equal(last["dir"], "Close Long")
    near(site.value(site.user), before + float(last["closedPnl"]) - float(last["fee"]) - float(newest["fee"]), 0.00001)
    by_time = site.info.user_fills_by_time(site.user, newest["time"])
    equal([fill["tid"] for fill in by_time], [newest["tid"], last["tid"]])
    equal(site.info.user_fills_by_time(site.user, newest["time"], last["time"], True)[0]["tid"], newest["tid"])


@step("trades make candles, volumes and public trades")
def candles(site: Site):
    found = site.info.candles_snapshot("BTC", "1h", 0, int(time.time() * 1000))
    equal((found[-1]["s"], found[-1]["i"], found[-1]["T"] - found[-1]["t"]), ("BTC", "1h", 3_599_999))
    equal(sum(candle["n"] for candle in found), 2)
    near(sum(float(candle["v"]) for candle in found), 0.2, 0)
    equal(site.info.candles_snapshot("BTC", "1h", 0, 1), [])
    trade = site.ask("recentTrades", coin="BTC")[0]
    equal((trade["side"], trade["users"][1]), ("A", site.user.lower()))
    context = site.info.meta_and_asset_ctxs()[1][0]
    near(context["dayBaseVlm"], 0.2, 0)
    assert float(site.info.user_rate_limit(site.user)["cumVlm"]) > 9_000


@step("users trade with each other")
def users(site: Site):
    oid = resting(site.other.order("BTC", False, 0.05, 50005, {"limit": {"tif": "Alo"}}))
    fill = filled(site.exchange.order("BTC", True, 0.05, 50010, {"limit": {"tif": "Ioc"}}))
    equal((fill["totalSz"], fill["avgPx"]), ("0.05", "50005.0"))
    mine = site.info.user_fills(site.user)[0]
    theirs = site.info.user_fills(site.maker.address)[0]
    equal((theirs["oid"], theirs["crossed"], theirs["tid"], theirs["hash"]), (oid, False, mine["tid"], mine["hash"]))
    equal((mine["fee"], theirs["fee"]), ("1.125112", "0.375037"))
    equal(site.position("BTC", site.maker.address), -0.05)
    filled(site.other.market_close("BTC"))
    site.flatten("BTC")


@step("a post-only order that would match is refused with the best prices")
def post_only(site: Site):
    (status,) = statuses(site.exchange.order("BTC", True, 0.1, 50010, {"limit": {"tif": "Alo"}}))
    assert status["error"].startswith("Post only order would have immediately matched, bbo was 49990@50010."), status


@step("modify, by oid and by cloid, and in bulk")
def modify(site: Site):
    name = Cloid.from_int(int(time.time() * 1000))
    first = resting(site.exchange.order("BTC", True, 0.1, 45000, GTC, cloid=name))
    second = resting(site.exchange.modify_order(first, "BTC", True, 0.2, 44000, GTC, cloid=name))
    assert second != first
    equal(site.info.query_order_by_oid(site.user, first)["order"]["status"], "canceled")
    (order,) = site.info.open_orders(site.user)
    equal((order["oid"], order["limitPx"], order["sz"]), (second, "44000.0", "0.2"))
    third = resting(site.exchange.modify_order(name, "BTC", True, 0.2, 43000, GTC))
    request = {"coin": "BTC", "is_buy": True, "sz": 0.3, "limit_px": 42000, "order_type": GTC, "reduce_only": False, "cloid": None}
    answers = statuses(site.exchange.bulk_modify_orders_new([{"oid": third, "order": request}, {"oid": first, "order": request}]))
    assert "resting" in answers[0], answers
    assert answers[1]["error"].startswith("Cannot modify canceled or filled order"), answers
    site.flatten("BTC")
    equal(site.info.open_orders(site.user), [])


@step("an expired action is refused, one that is in time is not")
def expiry(site: Site):
    site.exchange.set_expires_after(int(time.time() * 1000) - 1)
    try:
        refused(site.exchange.order("BTC", True, 0.1, 45000, GTC), "Action already expired")
        site.exchange.set_expires_after(int(time.time() * 1000) + 60_000)
        resting(site.exchange.order("BTC", True, 0.1, 45000, GTC))
    finally:
        site.exchange.set_expires_after(None)
    site.flatten("BTC")


@step("noop burns its nonce")
def noop(site: Site):
    nonce = int(time.time() * 1000)
    done(site.exchange.noop(nonce))
    refused(site.exchange.noop(nonce), f"Invalid nonce: duplicate nonce {nonce}")


@step("leverage is set per coin and read back")
def leverage(site: Site):
    done(site.exchange.update_leverage(5, "BTC"))
    found = site.ask("activeAssetData", user=site.user, coin="BTC")
    equal((found["leverage"], found["markPx"]), ({"type": "cross", "value": 5}, "50000.0"))
    equal(float(found["maxTradeSzs"][0]), int(float(found["availableToTrade"][0]) * 5 / 50000 * 100000) / 100000)
    refused(site.exchange.update_leverage(50, "BTC"), "Invalid leverage value")
    done(site.exchange.update_leverage(20, "BTC"))


@step("isolated margin")
def isolated(site: Site):
    done(site.exchange.update_leverage(10, "ETH", is_cross=False))
    filled(site.exchange.market_open("ETH", True, 10))
    (row,) = site.info.user_state(site.user)["assetPositions"]
    before = row["position"]
    equal((before["leverage"]["type"], before["leverage"]["value"]), ("isolated", 10))
    done(site.exchange.update_isolated_margin(500, "ETH"))
    (row,) = site.info.user_state(site.user)["assetPositions"]
    after = row["position"]
    near(float(after["marginUsed"]) - float(before["marginUsed"]), 500, 0.000001)
    near(float(after["leverage"]["rawUsd"]) - float(before["leverage"]["rawUsd"]), 500, 0.000001)
    assert float(after["liquidationPx"]) < float(before["liquidationPx"])
    refused(site.exchange.update_leverage(10, "ETH", is_cross=True), "Cannot switch leverage type with open position.")
    site.flatten("ETH")
    done(site.exchange.update_leverage(20, "ETH"))


def stop(site: Site, coin: str, is_buy: bool, size: float, price: float, kind: str) -> dict:
    trigger = {"trigger": {"isMarket": True, "triggerPx": price, "tpsl": kind}}
    return {"coin": coin, "is_buy": is_buy, "sz": size, "limit_px": price, "order_type": trigger, "reduce_only": True}


@step("a trigger order waits, is shown as one, and is cancelled")
def trigger(site: Site):
    filled(site.exchange.market_open("BTC", True, 0.1))
    request = stop(site, "BTC", False, 0.1, 45000, "sl")
    equal(statuses(site.exchange.bulk_orders([request])), ["waitingForTrigger"])
    (order,) = site.info.frontend_open_orders(site.user)
    equal([order[name] for name in ("isTrigger", "orderType", "triggerPx", "triggerCondition")], [True, "Stop Market", "45000.0", "Price below 45000"])
    (wrong,) = statuses(site.exchange.bulk_orders([stop(site, "BTC", False, 0.1, 55000, "sl")]))
    assert wrong["error"].startswith("Invalid TP/SL price."), wrong
    equal(statuses(site.exchange.cancel("BTC", order["oid"])), ["success"])
    site.flatten("BTC")


@step("take profit and stop loss of one order wait for it and end with each other")
def bracket(site: Site):
    parent = {"coin": "BTC", "is_buy": True, "sz": 0.1, "limit_px": 50100, "order_type": GTC, "reduce_only": False}
    legs = [stop(site, "BTC", False, 0.1, 60000, "tp"), stop(site, "BTC", False, 0.1, 40000, "sl")]
    answers = statuses(site.exchange.bulk_orders([parent] + legs, grouping="normalTpsl"))
    assert "filled" in answers[0], answers
    shown = site.info.frontend_open_orders(site.user)
    equal(sorted(order["orderType"] for order in shown), ["Stop Market", "Take Profit Market"])
    site.flatten("BTC")
    equal(site.info.frontend_open_orders(site.user), [])
    waiting = dict(parent, limit_px=45000)
    legs = [stop(site, "BTC", False, 0.1, 60000, "tp"), stop(site, "BTC", False, 0.1, 40000, "sl")]
    answers = statuses(site.exchange.bulk_orders([waiting] + legs, grouping="normalTpsl"))
    equal(answers[1:], ["waitingForFill", "waitingForFill"])
    (shown,) = site.info.frontend_open_orders(site.user)
    equal(len(shown["children"]), 2)
    equal(statuses(site.exchange.cancel("BTC", shown["oid"])), ["success"])
    equal(site.info.frontend_open_orders(site.user), [])


@step("a stop for the whole position ends with it")
def position_stop(site: Site):
    filled(site.exchange.market_open("BTC", True, 0.1))
    answers = statuses(site.exchange.bulk_orders([stop(site, "BTC", False, 0, 45000, "sl")], grouping="positionTpsl"))
    equal(answers, ["waitingForTrigger"])
    (order,) = site.info.frontend_open_orders(site.user)
    equal(order["isPositionTpsl"], True)
    filled(site.exchange.market_close("BTC"))
    equal(site.info.frontend_open_orders(site.user), [])
    site.flatten("BTC")


@step("history tells every status of an order")
def history(site: Site):
    found = site.info.historical_orders(site.user)
    known = {entry["status"] for entry in found}
    assert {"open", "filled", "canceled"} <= known, known
    assert all(set(entry) == {"order", "status", "statusTimestamp"} for entry in found)


@step("a scheduled cancel needs a million of volume")
def schedule(site: Site):
    soon = int(time.time() * 1000) + 60_000
    refused(site.exchange.schedule_cancel(soon), "Cannot set scheduled cancel time until enough volume traded. Required: $1000000.")
    while float(site.info.user_rate_limit(site.user)["cumVlm"]) < 1_000_000:
        filled(site.exchange.market_open("BTC", True, 4))
        site.flatten("BTC")
    done(site.exchange.schedule_cancel(soon))
    done(site.exchange.schedule_cancel(None))


@step("fees follow the account's rates")
def fees(site: Site):
    found = site.info.user_fees(site.user)
    equal((found["userCrossRate"], found["userAddRate"]), ("0.00045", "0.00015"))
    equal((found["feeSchedule"]["cross"], found["feeSchedule"]["tiers"]["vip"][0]["ntlCutoff"]), ("0.00045", "5000000.0"))
    assert float(found["dailyUserVlm"][-1]["userCross"]) > 1_000_000, found["dailyUserVlm"]
