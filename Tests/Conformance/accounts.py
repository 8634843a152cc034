"""Agents, builders, sub-accounts, vaults and money, through the SDK's Exchange."""

import time

import eth_account
from harness import Site, done, equal, filled, near, refused, resting, statuses, step
from hyperliquid.exchange import Exchange

GTC = {"limit": {"tif": "Gtc"}}


@step("a named agent trades for its owner")
def agent(site: Site):
    answer, key = site.exchange.approve_agent("desk")
    done(answer)
    wallet = eth_account.Account.from_key(key)
    (listed,) = site.info.extra_agents(site.user)
    equal((listed["name"], listed["address"]), ("desk", wallet.address.lower()))
    near(listed["validUntil"], time.time() * 1000 + 90 * 86_400_000, 60_000)
    equal(site.info.user_role(wallet.address), {"role": "agent", "data": {"user": site.user.lower()}})
    trader = Exchange(wallet, site.url, account_address=site.user)
    filled(trader.market_open("BTC", True, 0.1))
    equal(site.position("BTC"), 0.1)
    equal(site.info.user_fills(wallet.address), [])
    filled(trader.market_close("BTC"))
    refused(trader.usd_transfer(1, site.maker.address), "Must deposit before performing actions. User: ")


@step("an agent without a name is not listed, and the next one takes its place")
def unnamed(site: Site):
    answer, first = site.exchange.approve_agent()
    done(answer)
    wallet = eth_account.Account.from_key(first)
    resting(Exchange(wallet, site.url, account_address=site.user).order("BTC", True, 0.1, 45000, GTC))
    equal([listed["name"] for listed in site.info.extra_agents(site.user)], ["desk"])
    answer, _ = site.exchange.approve_agent()
    done(answer)
    answer = Exchange(wallet, site.url, account_address=site.user).order("BTC", True, 0.1, 45000, GTC)
    equal(answer["status"], "err")
    site.flatten("BTC")


@step("an unknown key is nobody")
def stranger(site: Site):
    wallet = eth_account.Account.create()
    refused(Exchange(wallet, site.url).order("BTC", True, 0.1, 45000, GTC), f"User or API Wallet {wallet.address.lower()} does not exist.")


@step("a builder's fee needs approval, and is in the fill")
def builder(site: Site):
    def order(fee: int):
        return site.exchange.order("BTC", True, 0.1, 50100, {"limit": {"tif": "Ioc"}}, builder={"b": site.builder, "f": fee})

    refused(order(10), "Builder fee has not been approved")
    done(site.exchange.approve_builder_fee(site.builder, "0.01%"))
    equal(site.ask("maxBuilderFee", user=site.user, builder=site.builder), 10)
    equal(site.ask("approvedBuilders", user=site.user), [site.builder])
    before = site.value(site.builder)
    filled(order(10))
    fill = site.info.user_fills(site.user)[0]
    equal((fill["builderFee"], fill["fee"]), ("0.5001", "2.75055"))
    near(site.value(site.builder), before + 0.5001, 0.000001)
    refused(order(11), "Builder fee has not been approved")
    site.flatten("BTC")


@step("a vault is traded by its owner")
def vault(site: Site):
    trader = Exchange(site.owner, site.url, vault_address=site.vault)
    filled(trader.market_open("BTC", True, 0.01))
    equal((site.position("BTC", site.vault), site.position("BTC")), (0.01, 0.0))
    filled(trader.market_close("BTC"))
    equal(site.info.user_role(site.vault), {"role": "subAccount", "data": {"master": site.user.lower()}})
    stranger = "0x" + "e" * 40
    refused(Exchange(site.owner, site.url, vault_address=stranger).order("BTC", True, 0.1, 45000, GTC), f"Vault not registered: {stranger}")


@step("a sub-account is created, funded and traded")
def sub_account(site: Site):
    refused(site.other.create_sub_account("early"), "Cannot create sub-accounts until enough volume traded. Required: $100000.")
    answer = site.exchange.create_sub_account("desk")
    equal((answer["status"], answer["response"]["type"]), ("ok", "createSubAccount"))
    address = answer["response"]["data"]
    done(site.exchange.sub_account_transfer(address, True, 1_000_000_000))
    found = next(sub for sub in site.info.query_sub_accounts(site.user) if sub["subAccountUser"] == address)
    equal((found["name"], found["master"]), ("desk", site.user.lower()))
    equal(found["clearinghouseState"]["marginSummary"]["accountValue"], "1000.0")
    by_dex = next(sub for sub in site.ask("subAccounts2", user=site.user) if sub["subAccountUser"] == address)
    equal([name for name, _ in by_dex["dexToClearinghouseState"]], ["", "xyz"])
    trader = Exchange(site.owner, site.url, vault_address=address)
    filled(trader.market_open("ETH", True, 1))
    equal(site.position("ETH", address), 1.0)
    filled(trader.market_close("ETH"))
    done(site.exchange.sub_account_transfer(address, False, 100_000_000))
    near(site.value(address), 900, 5)
    equal(site.info.query_sub_accounts(site.maker.address), None)


@step("USDC moves between users, between purses and out")
def money(site: Site):
    began = int(time.time() * 1000)
    mine, theirs = site.value(site.user), site.value(site.maker.address)
    done(site.exchange.usd_transfer(100, site.maker.address.lower()))
    near(site.value(site.user), mine - 100, 0.000001)
    near(site.value(site.maker.address), theirs + 100, 0.000001)
    done(site.exchange.usd_class_transfer(500, False))
    (balance,) = site.info.spot_user_state(site.user)["balances"]
    equal((balance["coin"], balance["token"], balance["total"]), ("USDC", 0, "500.0"))
    done(site.exchange.spot_transfer(50, site.maker.address.lower(), "USDC:0x6d1e7cde53ba9467b783cb7c530ce054"))
    equal(site.info.spot_user_state(site.maker.address)["balances"][0]["total"], "50.0")
    done(site.exchange.send_asset(site.maker.address.lower(), "spot", "", "USDC:0x6d1e7cde53ba9467b783cb7c530ce054", 50))
    done(site.exchange.usd_class_transfer(400, True))
    equal(site.info.spot_user_state(site.user), {"balances": []})
    done(site.exchange.withdraw_from_bridge(10, site.user.lower()))
    near(site.value(site.user), mine - 100 - 500 + 400 - 10, 0.000001)
    refused(site.other.usd_transfer(1_000_000_000, site.user.lower()), "Insufficient balance for withdrawal")
    updates = site.info.user_non_funding_ledger_updates(site.user, began)
    kinds = [update["delta"]["type"] for update in updates]
    equal(kinds, ["internalTransfer", "accountClassTransfer", "spotTransfer", "send", "accountClassTransfer", "withdraw"])
    equal(site.info.user_non_funding_ledger_updates(site.user, began, began), [])
    equal(site.info.user_funding_history(site.user, 0), [])


@step("account modes")
def modes(site: Site):
    done(site.other.user_set_abstraction(site.maker.address, "unifiedAccount"))
    equal(site.info.query_user_abstraction_state(site.maker.address), "unifiedAccount")
    done(site.other.agent_set_abstraction("i"))
    equal(site.info.query_user_abstraction_state(site.maker.address), "disabled")
    done(site.other.user_dex_abstraction(site.maker.address, True))
    done(site.other.agent_enable_dex_abstraction())
    done(site.other.use_big_blocks(True))


@step("a referral code nobody registered is refused")
def referrer(site: Site):
    refused(site.exchange.set_referrer("NOBODY"), "Referral code not registered")


@step("portfolio and leaderboard add up to the account")
def portfolio(site: Site):
    windows = dict(site.info.portfolio(site.user))
    equal(list(windows), ["day", "week", "month", "allTime", "perpDay", "perpWeek", "perpMonth", "perpAllTime"])
    near(windows["day"]["accountValueHistory"][-1][1], site.value(site.user), 0.01)
    near(windows["allTime"]["vlm"], float(site.info.user_rate_limit(site.user)["cumVlm"]), 0.01)
    rows = site.info.session.get(f"{site.url}/Mainnet/leaderboard", timeout=10).json()["leaderboardRows"]
    row = next(row for row in rows if row["ethAddress"] == site.user.lower())
    near(row["accountValue"], site.value(site.user), 0.01)
    equal([name for name, _ in row["windowPerformances"]], ["day", "week", "month", "allTime"])


@step("the builder dex is traded by its asset ids")
def builder_dex(site: Site):
    trader = Exchange(site.owner, site.url, perp_dexs=["", "xyz"])
    equal(trader.info.name_to_asset("xyz:GOLD"), 110_000)
    resting(trader.order("xyz:GOLD", True, 1, 2400, GTC))
    (order,) = site.info.open_orders(site.user, dex="xyz")
    equal((order["coin"], site.info.open_orders(site.user)), ("xyz:GOLD", []))
    equal(statuses(trader.cancel("xyz:GOLD", order["oid"])), ["success"])
