extension Knob {
    static let exchange = [
        Knob(
            "EXCHANGE_URL", .exchange, .url(schemes: ["http", "https"]), standard: "http://127.0.0.1:7600",
            purpose: "The exchange: the simulator by default, https://api.hyperliquid.xyz or https://api.hyperliquid-testnet.xyz.",
            effect: "Feeds, reads and orders all go there."),
        Knob(
            "EXCHANGE_NETWORK", .exchange, .choice(["mainnet", "testnet"]), standard: "mainnet",
            purpose: "The network that signatures are made for; part of every signal's id. The simulator checks for the same.",
            effect: "An order signed for one network is refused by the other, as an unknown agent."),
        Knob(
            "EXCHANGE_TIMEOUT", .exchange, .duration(.milliseconds(100)...(.seconds(60))), standard: "5s",
            purpose: "How long an answer of the exchange may take before the outcome of an order is unknown and has to be settled.",
            effect: "Raising it leaves fewer orders to settle and blocks a lane longer when an answer is lost. Shorter than VIBE_SHUTDOWN_GRACE."),
        Knob(
            "EXCHANGE_CONNECTIONS", .exchange, .integer(unit: "connections", 1...256), standard: "64",
            purpose: "Most kept-alive connections of one process to the exchange.",
            effect: "Raising it raises the requests that can be outstanding at once over HTTP/1.1. A worker's entries take four fifths at most."),
        Knob(
            "EGRESS", .exchange, .text("1 to 32 letters, digits, - or _"), standard: "default",
            purpose: "A name for the address that this process sends from. Processes behind one address share its name, and with it its "
                + "token bucket and its places for influencers' own fills.",
            effect: "Another name has limits of its own; give one to each address, or the exchange's limits are exceeded."),
        Knob(
            "EXCHANGE_TRANSPORT", .exchange, .choice(["rest", "websocket"]), standard: "rest",
            purpose: "How orders are sent: each as a request of its own over HTTP, or all over one kept WebSocket connection "
                + "(over HTTP while there is none).",
            effect: "Over WebSocket at most 100 orders of a process are unanswered at a time, and a lost connection leaves all of them unknown."),
        Knob(
            "EXCHANGE_SOCKET_MESSAGES", .exchange, .integer(unit: "messages a minute", 100...10_000_000), standard: "2000",
            purpose: "Messages one process may send over its WebSocket connections.",
            effect: "The exchange allows an address 2,000 a minute; processes behind one address share them. 10 % are left unused."),
        Knob(
            "ENTRY_MARGIN", .exchange, .duration(.zero...(.seconds(10))), standard: "100ms",
            purpose: "An entry that would expire within this time is not sent any more.",
            effect: "Raising it leaves fewer orders that reach the exchange too late, and skips more."),
        Knob(
            "QUOTE_MAX_AGE", .exchange, .duration(.seconds(2)...(.seconds(60))), standard: "5s",
            purpose: "How long after the exchange was last heard a market's best prices and mark still count. Older ones are not known: "
                + "entries then keep to the leader's price alone.",
            effect: "Raising it lets entries and exits be priced off an older book while the feed is away."),
        Knob(
            "EXPIRES_AFTER_MARGIN", .exchange, .duration(.zero...(.seconds(60))), standard: "2s",
            purpose: "Added to an entry's expiry for the action's expiresAfter, past which the exchange refuses it by itself.",
            effect: "Raising it makes the costly refusal (five units of the address limit) rarer and a late order staler."),
    ]

    static let rates = [
        Knob(
            "RATE_SUBSCRIBER", .rates, .rate, standard: "2/1s:5", perID: true,
            purpose: "Orders of one subscriber. VIBE_RATE_SUBSCRIBER__<id> sets it for one, with every character of the id that is "
                + "no letter or digit written as _.",
            effect: "Raising it lets a busy leader be copied closer; lowering it delays exits and lets entries expire."),
        Knob(
            "RATE_ACCOUNT", .rates, .rate, standard: "10/1s:40", perID: true,
            purpose: "Orders of one exchange account. VIBE_RATE_ACCOUNT__<address> sets it for one.",
            effect: "The exchange allows an address 10,000 requests and one more for each USDC traded."),
        Knob(
            "RATE_EGRESS", .rates, .rate, standard: "20/1s:100", perID: true,
            purpose: "Units of request weight from one address of ours, shared by all processes behind it. VIBE_RATE_EGRESS__<name> sets it "
                + "for one.",
            effect: "The exchange allows an address 1,200 units of weight a minute; one action of up to 39 orders is one unit."),
        Knob(
            "RATE_MAXIMUM_WAIT", .rates, .duration(.zero...(.seconds(60))), standard: "3s",
            purpose: "How long a limited entry may wait for tokens before it ends as skipped. Exits wait as long as they must.",
            effect: "Raising it copies more entries, later. An entry's own expiry ends it earlier."),
    ]
}
