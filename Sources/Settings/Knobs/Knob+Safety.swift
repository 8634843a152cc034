extension Knob {
    static let safety = [
        Knob(
            "ACCOUNT_WEIGHT", .safety, .integer(unit: "units a minute", 10...100_000), standard: "400",
            purpose: "Request weight that a work process spends on reading subscribers' accounts, out of the address's 1,200 a minute.",
            effect: "Raising it finds drift, manual trades and losses sooner when there are many accounts, and leaves less for other reads."),
        Knob(
            "ACCOUNT_EVERY", .safety, .duration(.seconds(1)...(.seconds(3_600))), standard: "30s",
            purpose: "How often an account that holds something, or has limits on its equity, is read, as far as VIBE_ACCOUNT_WEIGHT allows.",
            effect: "Raising it saves weight and finds drift, manual trades and losses later."),
        Knob(
            "ACCOUNT_CONFIRM_AFTER", .safety, .duration(.milliseconds(100)...(.seconds(600))), standard: "3s",
            purpose: "After so long a difference between sleeves and account is looked at again; it counts when it is still the same.",
            effect: "Raising it avoids alarms about fills that are told late."),
        Knob(
            "DRIFT_LEADER_GRACE", .safety, .duration(.milliseconds(100)...(.seconds(3_600))), standard: "15s",
            purpose: "So long after a leader's last trade in a coin its copies may be on their way, and what is held is not compared with it.",
            effect: "Raising it leaves slow copies alone; lowering it corrects sooner what a copy missed."),
        Knob(
            "TRIGGER_SWEEP_EVERY", .safety, .duration(.seconds(1)...(.seconds(86_400))), standard: "2m",
            purpose: "How often the stop-losses and take-profits of an account are looked for at the exchange.",
            effect: "Raising it saves weight (20 a look) and finds a missing one later."),
        Knob(
            "AGENT_CHECK_EVERY", .safety, .duration(.seconds(1)...(.seconds(604_800))), standard: "4h",
            purpose:
                "How often the exchange is asked whether an account's agent may sign for it, and until when (weight 20 for a named agent, 80 for "
                + "one without a name). A worker that starts takes younger answers from Postgres.",
            effect: "Raising it saves weight and notices a deregistered agent, or a new expiry, later."),
        Knob(
            "AGENT_EXPIRY_NOTICE", .safety, .duration(.seconds(1)...(.seconds(15_552_000))), standard: "14d",
            purpose: "So long before an agent expires vibe status, vibe keys list and the log ask for another.",
            effect: "Raising it asks earlier. An agent is valid for 180 days at most."),
        Knob(
            "AGENT_EXPIRY_MARGIN", .safety, .duration(.zero...(.seconds(604_800))), standard: "1h",
            purpose: "So long before its agent expires an account's entries stop, so that what they open can still be closed. Exits are tried to the end.",
            effect: "Raising it leaves more time to close positions."),
        Knob(
            "FEED_LOST_AFTER", .safety, .duration(.seconds(10)...(.seconds(86_400))), standard: "2m",
            purpose:
                "A work process whose requests the exchange has not answered for so long, and an ingest process that has had no connection for "
                + "so long, hand over and end with code 75, so that one on another host takes their accounts. vibe up starts another.",
            effect: "Raising it sits longer outages out; lowering it moves accounts sooner."),
        Knob(
            "BREAKER_WINDOW", .safety, .duration(.seconds(1)...(.seconds(3_600))), standard: "60s",
            purpose: "The time in which a circuit breaker counts what goes wrong with an account, a coin, a leader or the exchange.",
            effect: "Raising it opens breakers earlier."),
        Knob(
            "BREAKER_PAUSE", .safety, .duration(.milliseconds(100)...(.seconds(3_600))), standard: "30s",
            purpose: "How long an open breaker skips entries before one may try. Exits are never skipped.",
            effect: "Raising it gives trouble more time to pass."),
        Knob(
            "BREAKER_LONGEST_PAUSE", .safety, .duration(.milliseconds(100)...(.seconds(86_400))), standard: "10m",
            purpose: "The pause doubles each time the try fares badly, up to this.",
            effect: "Raising it tries less often during a long outage. Not shorter than VIBE_BREAKER_PAUSE."),
        Knob(
            "BREAKER_REJECTS", .safety, .integer(unit: "orders", 1...1_000_000), standard: "5",
            purpose: "Refused orders in the window that open a breaker. An order that found no liquidity within its limit is none.",
            effect: "Raising it tolerates more."),
        Knob(
            "BREAKER_REJECT_SHARE", .safety, .integer(unit: "per cent", 1...100), standard: "50",
            purpose: "Share of refused orders, of at least twenty in the window, above which a breaker opens.",
            effect: "Raising it tolerates more."),
        Knob(
            "BREAKER_UNKNOWNS", .safety, .integer(unit: "orders", 1...1_000_000), standard: "3",
            purpose: "Orders without an answer in the window that open a breaker.",
            effect: "Raising it tolerates more outcomes that have to be settled."),
        Knob(
            "BREAKER_ACKNOWLEDGEMENT", .safety, .duration(.milliseconds(10)...(.seconds(60))), standard: "3s",
            purpose: "A breaker opens when the 95th percentile of the time to an order's answer is longer, of at least twenty in the window.",
            effect: "Raising it tolerates a slower exchange."),
        Knob(
            "BREAKER_LEADER_TRADES", .safety, .integer(unit: "signals", 0...1_000_000), standard: "120",
            purpose: "Signals of one leader in the window above which its entries are skipped, against wash trading and bots; 0 does not count.",
            effect: "Raising it copies busier leaders. A replay that is faster than life needs 0."),
        Knob(
            "FANOUT_DEPTH_SHARE", .safety, .integer(unit: "per cent", 0...100), standard: "50",
            purpose: "The most that all copies of one signal may take together of what the book shows within their limit, each its part of "
                + "it. Entries are cut to it, exits never are. With 0 there is no such limit, and ingest follows no book's depth.",
            effect: "Raising it copies more of what many copy in a thin market, and moves its price further."),
    ]
}
