import Testing

@testable import Hyperliquid

@Suite("Refusal texts")
struct ErrorTextTests {
    static let address = "0xab9c34e99e77ec2974e76c56fde158a8ea1637be"

    static let texts: [(String, ErrorClass)] = [
        ("Price must be divisible by tick size. asset=3", .terminal(venueStatus: "tickRejected")),
        ("Order must have minimum value of $10. asset=0", .terminal(venueStatus: "minTradeNtlRejected")),
        ("Order must have minimum value of 10 USDC.", .terminal(venueStatus: "minTradeNtlRejected")),
        ("Insufficient margin to place order. asset=0", .refresh("perpMarginRejected")),
        ("Reduce only order would increase position. asset=3", .refresh("reduceOnlyRejected")),
        ("Post only order would have immediately matched, bbo was 83767@83768.", .requote("badAloPxRejected")),
        ("Order could not immediately match against any resting orders. asset=1", .requote("iocCancelRejected")),
        ("Invalid TP/SL price.", .terminal(venueStatus: "badTriggerPxRejected")),
        ("No liquidity available for market order.", .requote("marketOrderNoLiquidityRejected")),
        (
            "Order would increase open interest while open interest is capped",
            .terminal(venueStatus: "positionIncreaseAtOpenInterestCapRejected")
        ),
        (
            "Order rejected due to price more aggressive than oracle while at open interest cap",
            .terminal(venueStatus: "tooAggressiveAtOpenInterestCapRejected")
        ),
        ("Order would increase open interest too quickly", .terminal(venueStatus: "openInterestIncreaseRejected")),
        (
            "Open interest is increasing too quickly. Try again in a few seconds.",
            .terminal(venueStatus: "openInterestIncreaseRejected")
        ),
        ("Order has insufficient spot balance to trade", .refresh("insufficientSpotBalanceRejected")),
        ("Insufficient spot balance", .refresh("insufficientSpotBalanceRejected")),
        ("Order price too far from oracle", .refresh("oracleRejected")),
        (
            "Order would cause position to exceed margin tier limit at current leverage",
            .terminal(venueStatus: "perpMaxPositionRejected")
        ),
        ("Order would exceed maximum position size for current leverage.", .terminal(venueStatus: "perpMaxPositionRejected")),
        ("Too many open orders", .terminal(venueStatus: "tooManyOpenOrdersRejected")),
        ("Order was never placed, already canceled, or filled. asset=0", .terminal(venueStatus: "orderGone")),
        ("Order has invalid size.", .terminal(venueStatus: "invalidSize")),
        ("Order has invalid price.", .terminal(venueStatus: "invalidPrice")),
        ("Order has zero size.", .terminal(venueStatus: "zeroSize")),
        ("Order price cannot be more than 80% away from the reference price", .refresh("priceBand")),
        ("Orders are empty", .terminal(venueStatus: "emptyBatch")),
        ("Order action has different asset classes", .terminal(venueStatus: "mixedAssetClasses")),
        ("TWAP order value too small. Min is $1", .terminal(venueStatus: "twapRefused")),
        ("Invalid TWAP duration: 1 min(s)", .terminal(venueStatus: "twapRefused")),
        ("Exceeded max number of active TWAP orders.", .terminal(venueStatus: "twapRefused")),
        ("Reduce-only TWAP order would increase position.", .terminal(venueStatus: "twapRefused")),
        ("TWAP was never placed, already canceled, or filled.", .terminal(venueStatus: "twapRefused")),
        ("Action already expired", .expired),
        ("Agent valid_until already expired.", .terminal(venueStatus: "agentRefused")),
        ("Signed action over weight limit of 200.", .terminal(venueStatus: "overWeightLimit")),
        ("Cannot switch leverage type with open position.", .terminal(venueStatus: "leverageRefused")),
        ("Cross margin is not allowed for this asset.", .terminal(venueStatus: "leverageRefused")),
        ("Invalid leverage value", .terminal(venueStatus: "leverageRefused")),
        (
            "Cross position does not have sufficient margin available to decrease leverage. To decrease leverage, deposit more collateral.",
            .refresh("leverageMargin")
        ),
        (
            "Isolated position does not have sufficient margin available to decrease leverage. To decrease leverage, add margin to the position.",
            .refresh("leverageMargin")
        ),
        ("Position does not use isolated margin.", .terminal(venueStatus: "isolatedMarginRefused")),
        ("Update to isolated margin cannot be zero.", .terminal(venueStatus: "isolatedMarginRefused")),
        ("Cannot update margin for empty position.", .refresh("isolatedMargin")),
        ("Account does not have sufficient margin available for increase.", .refresh("isolatedMargin")),
        ("Position does not have sufficient margin for reduction.", .refresh("isolatedMargin")),
        (
            "Cannot remove isolated margin for this asset. To remove margin, reduce the position.",
            .terminal(venueStatus: "isolatedMarginRefused")
        ),
        ("Asset not strict isolated", .terminal(venueStatus: "isolatedMarginRefused")),
        ("Cannot modify canceled or filled order", .terminal(venueStatus: "orderGone")),
        ("Attempted to modify to invalid new order", .terminal(venueStatus: "modifyRefused")),
        (
            "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $12066.75.",
            .terminal(venueStatus: "scheduledCancelRefused")
        ),
        ("Too many scheduled cancels triggered for the day. Limit is 10", .terminal(venueStatus: "scheduledCancelRefused")),
        (
            "Cannot create sub-accounts until enough volume traded. Required: $100000. Traded: $12066.75.",
            .terminal(venueStatus: "subAccountRefused")
        ),
        ("Too many extra agents for cumulative volume traded. Current limit is 3", .terminal(venueStatus: "agentRefused")),
        ("Extra agent already used.", .terminal(venueStatus: "agentRefused")),
        ("User has pending agent removal", .terminal(venueStatus: "agentRefused")),
        ("Invalid sub-account transfer from A to B", .terminal(venueStatus: "transferRefused")),
        ("Agent can only send asset to same user or their sub-accounts.", .terminal(venueStatus: "transferRefused")),
        ("Invalid send", .terminal(venueStatus: "transferRefused")),
        ("Insufficient balance for withdrawal", .terminal(venueStatus: "transferRefused")),
        ("Insufficient balance for token transfer", .terminal(venueStatus: "transferRefused")),
        ("Referral code not registered", .terminal(venueStatus: "referralRefused")),
        ("Unexpected error (code=148)", .terminal(venueStatus: "unexpectedError")),
        ("TWAP order value too large. Max is $1", .terminal(venueStatus: "twapRefused")),
    ]

    @Test("R-47: a text has its class", arguments: texts)
    func classes(text: String, expected: ErrorClass) {
        #expect(ErrorText.classify(text) == expected)
        #expect(ErrorText.classify("L1 error: " + text) == expected)
    }

    @Test(
        "R-47: what no order of the account can pass is fatal for it, and keeps its text",
        arguments: [
            "User or API Wallet \(address) does not exist.", "L1 error: User or API Wallet \(address) does not exist.",
            "Must deposit before performing actions. User: \(address)", "Unable to recover signer.",
            "Mainnet and testnet require different signature.", "Vault not registered: \(address)",
            "Builder fee has not been approved", "Multi-sig required",
        ])
    func fatal(text: String) {
        #expect(ErrorText.classify(text) == .fatalForAccount(text))
    }

    @Test("R-91: the address that the exchange recovered tells an agent that is gone from a signature over something else")
    func signer() throws {
        let other = "0x00000000000000000000000000000000000000Aa"
        for text in ["User or API Wallet \(Self.address) does not exist.", "L1 error: User or API Wallet \(Self.address.uppercased()) does not exist."] {
            #expect(SignerRefusal(text: text, agent: Self.address.uppercased()) == .agentUnknown(Self.address))
        }
        let mismatch = try #require(SignerRefusal(text: "User or API Wallet \(other) does not exist.", agent: Self.address))
        #expect(mismatch == .signatureMismatch(recovered: other.lowercased(), agent: Self.address))
        #expect(mismatch.description.contains(other.lowercased()) && mismatch.description.contains(Self.address))
    }

    @Test(
        "R-91: a text without a recovered address is no verdict about the signer",
        arguments: [
            "Must deposit before performing actions. User: \(address)", "Vault not registered: \(address)", "Unable to recover signer.",
            "User or API Wallet does not exist.", "User or API Wallet 0xab9c34 does not exist.", "User or API Wallet \(address)f does not exist.",
        ])
    func noSigner(text: String) { #expect(SignerRefusal(text: text, agent: Self.address) == nil) }

    @Test(
        "nonce refusals keep their text",
        arguments: [
            "Invalid nonce: duplicate nonce 1700000000000", "Invalid nonce: nonce too low 5 < 10", "Invalid nonce: nonce too high 9 > 5",
            "Nonce mismatch.",
        ])
    func nonce(text: String) {
        #expect(ErrorText.classify(text) == .nonce(text))
    }

    @Test(
        "a nonce that is too low tells from where on one is taken",
        arguments: [
            ("Invalid nonce: nonce too low 5 < 10", 110), ("L1 error: Invalid nonce: nonce too low 1795888687353 < 1795888949799.", 1_795_888_949_899),
            ("Invalid nonce: duplicate nonce 1700000000000", nil), ("Invalid nonce: nonce too high 9 > 5", nil),
            ("Invalid nonce: nonce too low", nil), ("Invalid nonce: nonce too low 5 < 99999999999999999999", nil),
            ("Invalid nonce: nonce too low 5 < 9223372036854775807", nil), ("Invalid nonce: nonce too low 5 < -3", nil),
        ] as [(String, Int64?)])
    func nonceFloor(text: String, floor: Int64?) { #expect(NonceRefusal.floor(in: text) == floor) }

    @Test(
        "budget refusals keep their text",
        arguments: [
            "Too many cumulative requests sent (10001 > 10000) for cumulative volume traded $0.5. Place taker orders to free up 1 request per USDC traded."
        ])
    func budget(text: String) {
        #expect(ErrorText.classify(text) == .budget(text))
    }

    @Test(
        "a temporary closure is none of the account's doing",
        arguments: [
            "Only post-only orders allowed immediately after a network upgrade",
            "Only post-only orders allowed immediately after network upgrade",
        ])
    func closed(text: String) {
        #expect(ErrorText.classify(text) == .closed(text))
    }

    @Test("a text nobody has seen is not guessed at, and counted", arguments: ["", "Something new", "HTTP 200"])
    func unknown(text: String) {
        let counter = UnclassifiedErrors()
        for _ in 0..<3 { #expect(ErrorText.classify(text, counting: counter) == .unclassified(text)) }
        #expect(counter.counts == .init(texts: [text: 3], beyond: 0))
    }

    @Test("no known text is counted as unknown")
    func known() {
        let counter = UnclassifiedErrors()
        for (text, _) in Self.texts { _ = ErrorText.classify(text, counting: counter) }
        for word in OrderStatusWord.phases.keys { _ = ErrorText.classify(venueStatus: word, counting: counter) }
        #expect(counter.counts == .init())
    }

    @Test("the counter keeps a hundred texts of 120 characters, and counts the rest together")
    func bound() {
        let counter = UnclassifiedErrors()
        for number in 0..<150 { counter.record("\(number) " + String(repeating: "x", count: 500)) }
        counter.record("0 " + String(repeating: "x", count: 400))
        let counts = counter.counts
        #expect(counts.texts.count == 100 && counts.beyond == 50)
        #expect(counts.texts.keys.allSatisfy { $0.count == 120 })
        #expect(counts.texts.values.reduce(0, +) == 101)
    }
}

@Suite("Status words of orders")
struct OrderStatusWordTests {
    /// Every word the exchange is known to use, with its phase and what R-47 demands of an order that ended so.
    static let words: [(String, OrderStatusWord.Phase, ErrorClass)] =
        [
            ("open", .live), ("triggered", .live), ("filled", .filled), ("canceled", .canceled), ("rejected", .rejected),
            ("vaultWithdrawalCanceled", .canceled), ("openInterestCapCanceled", .canceled), ("selfTradeCanceled", .canceled),
            ("siblingFilledCanceled", .canceled), ("delistedCanceled", .canceled), ("liquidatedCanceled", .canceled),
            ("outcomeSettledCanceled", .canceled), ("scheduledCancel", .canceled), ("internalCancel", .canceled),
            ("perpMaxPositionCanceled", .canceled), ("tickRejected", .rejected), ("minTradeNtlRejected", .rejected),
            ("badTriggerPxRejected", .rejected), ("positionIncreaseAtOpenInterestCapRejected", .rejected),
            ("positionFlipAtOpenInterestCapRejected", .rejected), ("tooAggressiveAtOpenInterestCapRejected", .rejected),
            ("openInterestIncreaseRejected", .rejected), ("perpMaxPositionRejected", .rejected), ("tooManyOpenOrdersRejected", .rejected),
            ("outcomeSettledRejected", .rejected),
        ].map { ($0, $1, .terminal(venueStatus: $0)) }
        + [
            ("marginCanceled", .canceled), ("reduceOnlyCanceled", .canceled), ("perpMarginRejected", .rejected),
            ("reduceOnlyRejected", .rejected), ("insufficientSpotBalanceRejected", .rejected), ("oracleRejected", .rejected),
        ].map { ($0, $1, .refresh($0)) }
        + [("badAloPxRejected", .rejected), ("iocCancelRejected", .rejected), ("marketOrderNoLiquidityRejected", .rejected)]
        .map { ($0, $1, .requote($0)) }

    @Test("R-47: a word has its phase and its class", arguments: words)
    func classes(word: String, phase: OrderStatusWord.Phase, expected: ErrorClass) {
        #expect(OrderStatusWord.phase(of: word) == phase)
        #expect(OrderStatusWord.isTerminal(word) == (phase != .live))
        #expect(ErrorText.classify(venueStatus: word) == expected)
    }

    @Test("the list is whole")
    func completeness() {
        #expect(Set(Self.words.map(\.0)) == Set(OrderStatusWord.phases.keys) && Self.words.count == 34)
    }

    @Test("a word nobody has seen ends its order, and is counted")
    func unknown() {
        let counter = UnclassifiedErrors()
        #expect(OrderStatusWord.phase(of: "moonRejected") == nil && OrderStatusWord.isTerminal("moonRejected"))
        #expect(ErrorText.classify(venueStatus: "moonRejected", counting: counter) == .terminal(venueStatus: "moonRejected"))
        #expect(counter.counts.texts == ["moonRejected": 1])
    }
}

@Suite("Errors of WebSocket posts")
struct PostErrorTextTests {
    static let texts: [(String, ExchangeError)] = [
        ("429 Too Many Requests", .rateLimited), ("429", .rateLimited), ("429 null", .rateLimited),
        (
            "422 Failed to deserialize the JSON body into the target type",
            .malformed("HTTP 422: Failed to deserialize the JSON body into the target type")
        ),
        ("408 Request Timeout", .unknown("HTTP 408: Request Timeout")), ("502: Bad Gateway", .unknown("HTTP 502: Bad Gateway")),
        ("500", .unknown("HTTP 500")), ("200 OK", .unknown("HTTP 200: OK")), ("Bad Gateway", .unknown("post: Bad Gateway")),
        ("42", .unknown("post: 42")), ("4290 things", .unknown("post: 4290 things")), ("429th", .unknown("post: 429th")),
        ("", .unknown("post: ")), ("999 what", .unknown("post: 999 what")),
    ]

    @Test("a post's error means what the HTTP status at its beginning means", arguments: texts)
    func status(text: String, expected: ExchangeError) {
        #expect(ExchangeError(postErrorText: text) == expected)
    }
}
