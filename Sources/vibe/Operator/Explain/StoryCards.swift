import CopyTrading
import JSON

/// What the leader did in one leg.
struct LeaderCard: Sendable {
    let signal: Signal
    let leg: Leg

    /// - Returns: `nil` when the signal is not on record.
    init?(_ story: StoryLeg) {
        guard let signal = story.signal, let leg = story.leg else { return nil }
        self.signal = signal
        self.leg = leg
    }

    /// USDC, at the average price of the whole signal; `nil` out of range.
    var notional: Notional? { try? signal.averagePrice * leg.change }

    /// Label and value; what is not known is left out.
    var rows: [(String, String)] {
        [
            ("side", leg.side.rawValue), ("position", "\(leg.start) → \(leg.end)"), ("size", "\(leg.change.magnitude)"),
            ("average price", "\(signal.averagePrice)"), ("notional", notional?.description), ("equity", signal.leaderEquity?.description),
            ("leverage", signal.leaderLeverage.map { "\($0)" }), ("cause", signal.cause.rawValue), ("liquidity", liquidity),
        ].compactMap { label, value in value.map { (label, $0) } }
    }

    var json: JSON {
        [
            "influencer": .string(signal.influencer.text), "side": .string(leg.side.rawValue), "start": .string("\(leg.start)"),
            "end": .string("\(leg.end)"), "sz": .string("\(leg.change.magnitude)"), "avgPx": .string("\(signal.averagePrice)"),
            "ntl": .string(orNull: notional?.description), "equity": .string(orNull: signal.leaderEquity?.description),
            "leverage": signal.leaderLeverage.map { .integer($0) } ?? .null, "cause": .string(signal.cause.rawValue), "liquidity": .string(liquidity),
        ]
    }

    private var liquidity: String { signal.crossed ? "taker" : "maker" }
}

/// What became of it at the subscriber's.
struct SubscriberCard: Sendable {
    private static let basisPoints: Int128 = 10_000
    /// The eighth decimal, in units of ``Ratio``.
    private static let e8 = Ratio.one.e18 / Int128(Size.scale)

    let story: StoryLeg
    let side: Side

    /// - Returns: `nil` before the leg is decided.
    init?(_ story: StoryLeg) {
        guard let side = story.result?.side ?? story.job?.side else { return nil }
        self.story = story
        self.side = side
    }

    /// Coins, unsigned; `nil` when no size had been computed, and for an exit before it is sent.
    var asked: Size? {
        if let size = story.result?.requestedSize ?? story.attempt?.size, !size.isZero { return size }
        if case .size(let size)? = story.job?.quantity { return size }
        return nil
    }

    /// Of an exit: the part of the position that it gives up.
    var share: Ratio? {
        if case .share(let share)? = story.job?.quantity { return share }
        return nil
    }

    /// Coins, unsigned; `nil` before there is a result.
    var filled: Size? { story.result?.filledSize }

    /// USDC; `nil` when nothing was filled.
    var notional: Notional? {
        guard let result = story.result, let price = result.averagePrice else { return nil }
        return try? price * result.filledSize
    }

    /// Of the order sent: under way, or answered.
    var sentLimit: Price? { story.attempt?.limit ?? story.result?.limit }
    /// An entry never is.
    var reduceOnly: Bool? {
        story.attempt?.reduceOnly ?? story.result?.reduceOnly ?? (story.result?.cloid != nil && story.action?.isEntry == true ? false : nil)
    }

    /// Limit of an entry as it was planned; at sending the book may make it stricter.
    var plannedLimit: Price? { story.job?.limit }

    /// How much worse than the leader's the subscriber's price was, basis points of the leader's, truncated to two decimals; below zero
    /// when it was better.
    var slippageBasisPoints: Ratio? {
        guard let price = story.result?.averagePrice, let leaders = story.job?.referencePrice ?? story.signal?.averagePrice,
            let part = try? Ratio(Price(e8: side.sign * (price - leaders).e8), over: leaders)
        else { return nil }
        return Ratio(e18: part.e18 * Self.basisPoints).truncated(toUnits: Ratio.one.e18 / 100)
    }

    /// Coins filled for each coin of the leader's, truncated to eight decimals; `nil` when nothing was filled.
    var copyRatio: Ratio? {
        guard let filled, !filled.isZero, let change = story.leg?.change.magnitude else { return nil }
        return (try? Ratio(filled, over: change))?.truncated(toUnits: Self.e8)
    }

    /// Label and value; what is not known is left out, except the fee of something that was filled.
    var rows: [(String, String)] {
        let size = asked.map { "\($0)" } ?? share.map { "\($0.truncated(toUnits: Self.e8)) of the position" }
        let fee = story.result?.fee.map { "\($0)" } ?? (filled?.isZero == false ? "not known" : nil)
        return [
            ("side", side.rawValue), ("asked", size), ("filled", filled?.description),
            ("average price", story.result?.averagePrice?.description), ("notional", notional?.description), ("fee", fee),
            ("position after", story.result?.position?.description), ("planned limit", plannedLimit?.description),
            ("limit", sentLimit?.description), ("reduce-only", reduceOnly.map { $0 ? "yes" : "no" }),
            ("leverage", leverage.map { "\($0)" }), ("slippage", slippageBasisPoints.map { "\($0) bps" }),
            ("copy ratio", copyRatio?.description),
        ].compactMap { label, value in value.map { (label, $0) } }
    }

    var json: JSON {
        [
            "side": .string(side.rawValue), "askedSz": .string(orNull: asked?.description),
            "askedShare": .string(orNull: share?.description), "filledSz": .string(orNull: filled?.description),
            "avgPx": .string(orNull: story.result?.averagePrice?.description),
            "ntl": .string(orNull: notional?.description), "fee": .string(orNull: story.result?.fee?.description),
            "position": .string(orNull: story.result?.position?.description), "plannedLimitPx": .string(orNull: plannedLimit?.description),
            "limitPx": .string(orNull: sentLimit?.description), "reduceOnly": reduceOnly.map { .bool($0) } ?? .null,
            "leverage": leverage.map { .integer($0) } ?? .null, "slippageBps": .string(orNull: slippageBasisPoints?.description),
            "copyRatio": .string(orNull: copyRatio?.description),
        ]
    }

    /// To be set before the position's first order; an exit sets none.
    private var leverage: Int? { story.job?.terms?.leverage }
}

/// The leader's card and the subscriber's: beside each other where the terminal is wide enough, else one below the other.
struct StoryCards {
    let leader: [(String, String)]
    let subscriber: [(String, String)]

    init(_ story: StoryLeg) {
        leader = LeaderCard(story)?.rows ?? [("not on record", "")]
        subscriber = SubscriberCard(story)?.rows ?? [("not decided yet", "")]
    }

    func rendered(for terminal: Terminal, indent: Int) -> String {
        var pair = Table([.text("LEADER"), .text(""), .text("SUBSCRIBER"), .text("")])
        for row in 0..<max(leader.count, subscriber.count) { pair.add(Self.cells(leader, row) + Self.cells(subscriber, row)) }
        if pair.fits(terminal, indent: indent) { return pair.rendered(for: terminal, indent: indent) }
        return [("LEADER", leader), ("SUBSCRIBER", subscriber)].map { title, rows in
            var card = Table([.text(title), .text("")])
            for row in rows.indices { card.add(Self.cells(rows, row)) }
            return card.rendered(for: terminal, indent: indent)
        }.joined(separator: "\n\n")
    }

    private static func cells(_ rows: [(String, String)], _ row: Int) -> [Table.Cell] {
        row < rows.count ? [Table.Cell(rows[row].0), Table.Cell(rows[row].1)] : ["", ""]
    }
}

extension Ratio {
    /// Truncated toward zero to whole `units` of 1e-18.
    fileprivate func truncated(toUnits units: Int128) -> Ratio { Ratio(e18: e18 - e18 % units) }
}
