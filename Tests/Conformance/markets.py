"""What there is to trade, and its prices: before anybody has traded."""

from harness import Site, equal, near, step, unreadable


@step("meta")
def meta(site: Site):
    found = site.info.meta()
    equal([(asset["name"], asset["szDecimals"], asset["maxLeverage"]) for asset in found["universe"]], [("BTC", 5, 20), ("ETH", 4, 20)])
    equal(found["universe"][0]["marginTableId"], 20)
    equal(found["collateralToken"], 0)
    equal([asset["name"] for asset in site.info.meta(dex="xyz")["universe"]], ["xyz:GOLD"])
    equal([len(dex["universe"]) for dex in site.ask("allPerpMetas")], [2, 1])


@step("meta of an unknown dex is unreadable")
def unknown_dex(site: Site):
    unreadable(lambda: site.info.meta(dex="nowhere"))


@step("perp dexs")
def dexes(site: Site):
    found = site.info.perp_dexs()
    equal(found[0], None)
    equal(found[1]["name"], "xyz")


@step("asset contexts")
def contexts(site: Site):
    meta, contexts = site.info.meta_and_asset_ctxs()
    equal(len(meta["universe"]), len(contexts))
    bitcoin = contexts[0]
    equal([bitcoin[name] for name in ("oraclePx", "markPx", "midPx", "prevDayPx")], ["50000.0"] * 4)
    equal(bitcoin["impactPxs"], ["49990.0", "50010.0"])
    equal([bitcoin[name] for name in ("openInterest", "dayNtlVlm", "dayBaseVlm")], ["0.0"] * 3)
    near(bitcoin["funding"], 0.0000125, 0.000001)


@step("spot meta")
def spot(site: Site):
    equal([token["name"] for token in site.info.spot_meta()["tokens"]], ["USDC"])
    meta, contexts = site.info.spot_meta_and_asset_ctxs()
    equal((meta["universe"], contexts), ([], []))


@step("mids")
def mids(site: Site):
    equal(site.info.all_mids(), {"BTC": "50000.0", "ETH": "2000.0"})
    equal(site.info.all_mids(dex="xyz"), {"xyz:GOLD": "2500.0"})


@step("book")
def book(site: Site):
    found = site.info.l2_snapshot("BTC")
    bids, asks = found["levels"]
    equal((len(bids), len(asks)), (20, 20))
    equal((bids[0]["px"], asks[0]["px"]), ("49990.0", "50010.0"))
    assert all(isinstance(level["n"], int) and float(level["sz"]) > 0 for level in bids + asks)
    merged = site.ask("l2Book", coin="BTC", nSigFigs=3)
    equal((merged["levels"][0][0]["px"], merged["levels"][1][0]["px"]), ("49900.0", "50100.0"))
    equal(site.ask("l2Book", coin="DOGE"), None)


@step("nothing has happened")
def nothing(site: Site):
    equal(site.info.funding_history("BTC", 0), [])
    equal(site.info.candles_snapshot("BTC", "1m", 0, 4102444800000), [])
    equal(site.ask("recentTrades", coin="BTC"), [])
    equal(site.ask("perpsAtOpenInterestCap"), [])
    equal(site.ask("exchangeStatus")["specialStatuses"], None)
    equal(site.ask("maxMarketOrderNtls")[0], [25, "30000000.0"])
    predicted = dict(site.ask("predictedFundings"))
    equal(predicted["BTC"][0][0], "HlPerp")


@step("what no client may ask is unreadable")
def unserved(site: Site):
    unreadable(lambda: site.ask("legalCheckOfNobody"))
    unreadable(lambda: site.ask("candleSnapshot", req={"coin": "BTC", "interval": "7m", "startTime": 0}))
    unreadable(lambda: site.ask("userFillsByTime", user=site.user, startTime=-1))
    unreadable(lambda: site.ask("clearinghouseState", user="0x12"))


@step("an account as it was opened, and an address nobody has")
def opened(site: Site):
    found = site.info.user_state(site.user)
    equal(found["marginSummary"], {"accountValue": "5000000.0", "totalNtlPos": "0.0", "totalRawUsd": "5000000.0", "totalMarginUsed": "0.0"})
    equal((found["withdrawable"], found["assetPositions"]), ("5000000.0", []))
    nobody = "0x" + "e" * 40
    equal(site.info.user_state(nobody)["marginSummary"]["accountValue"], "0.0")
    equal(site.info.user_role(nobody), {"role": "missing"})
    equal(site.info.user_role(site.user), {"role": "user"})
    equal(site.info.spot_user_state(nobody), {"balances": []})
    equal((site.info.user_fills(nobody), site.info.open_orders(nobody), site.info.historical_orders(nobody)), ([], [], []))
    limit = site.info.user_rate_limit(site.user)
    equal((limit["cumVlm"], limit["nRequestsUsed"], limit["nRequestsCap"]), ("0.0", 0, 10000))


@step("what the simulator has none of, in the exchange's shapes")
def empty(site: Site):
    info = site.info
    equal(info.user_vault_equities(site.user), [])
    equal(info.user_twap_slice_fills(site.user), [])
    equal(site.ask("userTwapSliceFillsByTime", user=site.user, startTime=0), [])
    equal(site.ask("vaultDetails", vaultAddress=site.vault), None)
    equal(site.ask("leadingVaults", user=site.user), [])
    equal(info.user_staking_summary(site.user)["nPendingWithdrawals"], 0)
    equal((info.user_staking_delegations(site.user), info.user_staking_rewards(site.user), info.delegator_history(site.user)), ([], [], []))
    equal(info.query_user_to_multi_sig_signers(site.user), None)
    equal(info.query_referral_state(site.user)["referredBy"], None)
    equal(info.query_perp_deploy_auction_status()["currentGas"], None)
    equal(info.query_spot_deploy_auction_status(site.user)["states"], [])
    equal(info.query_user_dex_abstraction_state(site.user), None)
    equal(info.query_user_abstraction_state(site.user), "default")
    equal(info.extra_agents(site.user), [])
