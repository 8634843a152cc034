"""Every subscription the SDK's WebsocketManager knows."""

import queue

from harness import Site, equal, filled, near, resting, step
from hyperliquid.info import Info

SECONDS = 15


class Listener:
    """The messages of one subscription, in order."""

    def __init__(self, info: Info, subscription: dict):
        self.info = info
        self.subscription = subscription
        self.messages: queue.Queue = queue.Queue()
        self.id = info.subscribe(subscription, self.messages.put)

    def next(self, wanted=lambda data: True):
        """The data of the next message that is wanted."""
        while True:
            data = self.messages.get(timeout=SECONDS)["data"]
            if wanted(data):
                return data

    def end(self) -> None:
        assert self.info.unsubscribe(self.subscription, self.id)


@step("every subscription of the SDK: first messages, and what a trade causes")
def subscriptions(site: Site):
    info = Info(site.url)
    user = site.user
    try:
        names = {
            "mids": {"type": "allMids"}, "book": {"type": "l2Book", "coin": "BTC"}, "trades": {"type": "trades", "coin": "BTC"},
            "bbo": {"type": "bbo", "coin": "BTC"}, "candle": {"type": "candle", "coin": "BTC", "interval": "1m"},
            "context": {"type": "activeAssetCtx", "coin": "BTC"}, "fills": {"type": "userFills", "user": user},
            "events": {"type": "userEvents", "user": user}, "updates": {"type": "orderUpdates", "user": user},
            "fundings": {"type": "userFundings", "user": user}, "ledger": {"type": "userNonFundingLedgerUpdates", "user": user},
            "page": {"type": "webData2", "user": user}, "asset": {"type": "activeAssetData", "user": user, "coin": "BTC"},
        }
        on = {name: Listener(info, subscription) for name, subscription in names.items()}

        equal(on["mids"].next()["mids"]["BTC"], "50000.0")
        equal([len(side) for side in on["book"].next()["levels"]], [20, 20])
        equal([offer["px"] for offer in on["bbo"].next()["bbo"]], ["49990.0", "50010.0"])
        equal(on["trades"].next()[0]["coin"], "BTC")
        equal(on["candle"].next()["i"], "1m")
        equal(on["context"].next()["ctx"]["markPx"], "50000.0")
        snapshot = on["fills"].next()
        assert snapshot["isSnapshot"] is True and len(snapshot["fills"]) > 10, len(snapshot["fills"])
        equal(on["fundings"].next()["fundings"], [])
        assert len(on["ledger"].next()["nonFundingLedgerUpdates"]) > 5
        page = on["page"].next()
        near(page["clearinghouseState"]["marginSummary"]["accountValue"], site.value(user), 0.01)
        equal(len(page["meta"]["universe"]), len(page["assetCtxs"]))
        free = on["asset"].next()
        equal(free["leverage"], {"type": "cross", "value": 20})

        fill = filled(site.exchange.market_open("BTC", True, 0.1))
        opened = on["updates"].next()
        equal([update["status"] for update in opened], ["open", "filled"])
        equal(opened[1]["order"]["oid"], fill["oid"])
        live = on["fills"].next()
        assert "isSnapshot" not in live, live
        equal([(entry["oid"], entry["sz"]) for entry in live["fills"]], [(fill["oid"], "0.1")])
        equal(on["events"].next()["fills"][0]["tid"], live["fills"][0]["tid"])
        (trade,) = on["trades"].next()
        equal((trade["tid"], trade["users"][0], trade["side"]), (live["fills"][0]["tid"], user.lower(), "B"))
        assert on["candle"].next(lambda candle: candle["n"] > 0)["h"] == "50010.0"
        position = on["page"].next(lambda data: data["clearinghouseState"]["assetPositions"])
        equal(position["clearinghouseState"]["assetPositions"][0]["position"]["szi"], "0.1")
        on["asset"].next(lambda data: float(data["availableToTrade"][0]) < float(free["availableToTrade"][0]))

        moved = on["mids"]
        site.info.session.post(f"{site.url}/control/prices", json={"coin": "BTC", "mid": "50500"}, timeout=10).raise_for_status()
        moved.next(lambda data: data["mids"]["BTC"] == "50500.0")
        on["bbo"].next(lambda data: data["bbo"][0]["px"] == "50489.0")
        on["context"].next(lambda data: data["ctx"]["markPx"] == "50500.0")
        site.flatten("BTC")
        site.info.session.post(f"{site.url}/control/prices", json={"coin": "BTC", "mid": "50000"}, timeout=10).raise_for_status()

        site.exchange.usd_transfer(1, site.maker.address.lower())
        equal(on["ledger"].next()["nonFundingLedgerUpdates"][0]["delta"]["type"], "internalTransfer")
        for name in ("mids", "fills"):
            on[name].end()
    finally:
        info.disconnect_websocket()


@step("a resting order's fill is told to its owner as it happens")
def resting_fill(site: Site):
    info = Info(site.url)
    try:
        updates = Listener(info, {"type": "orderUpdates", "user": site.maker.address})
        fills = Listener(info, {"type": "userFills", "user": site.maker.address})
        equal(fills.next()["isSnapshot"], True)
        oid = resting(site.other.order("BTC", False, 0.05, 50005, {"limit": {"tif": "Gtc"}}))
        equal([(update["order"]["oid"], update["status"]) for update in updates.next()], [(oid, "open")])
        filled(site.exchange.order("BTC", True, 0.05, 50005, {"limit": {"tif": "Ioc"}}))
        equal([(fill["oid"], fill["crossed"]) for fill in fills.next()["fills"]], [(oid, False)])
        equal(updates.next()[-1]["status"], "filled")
        filled(site.other.market_close("BTC"))
        site.flatten("BTC")
    finally:
        info.disconnect_websocket()
