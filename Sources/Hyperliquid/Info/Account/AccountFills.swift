import CopyTrading
import JSON

extension InfoRequest where Answer == [UserFill] {
    /// The newest fills, at most 2000, newest first. TWAP slices are not among them, see ``InfoRequest/userTwapSliceFills(_:)``.
    /// - Parameter aggregated: partial fills of one aggressive order within a block are put together.
    public static func userFills(_ user: String, aggregated: Bool = false) -> Self {
        Self("userFills", [("user", .string(user)), ("aggregateByTime", aggregated ? true : nil)], decode: UserFill.list)
    }

    /// At most 2000 fills from `from` on (milliseconds since 1970), oldest first.
    public static func userFillsByTime(_ user: String, from: Int64, to: Int64? = nil, aggregated: Bool = false) -> Self {
        Self(
            "userFillsByTime",
            [
                ("user", .string(user)), ("startTime", .integer(from)), ("endTime", .integer(orNone: to)),
                ("aggregateByTime", aggregated ? true : nil),
            ], decode: UserFill.list)
    }
}

extension InfoRequest where Answer == [TwapSliceFill] {
    /// The newest slices, at most 2000. The exchange keeps them about 13 days.
    public static func userTwapSliceFills(_ user: String) -> Self {
        Self("userTwapSliceFills", [("user", .string(user))], decode: TwapSliceFill.list)
    }

    /// At most 2000 slices from `from` on (milliseconds since 1970), oldest first.
    public static func userTwapSliceFillsByTime(_ user: String, from: Int64, to: Int64? = nil) -> Self {
        Self(
            "userTwapSliceFillsByTime", [("user", .string(user)), ("startTime", .integer(from)), ("endTime", .integer(orNone: to))],
            decode: TwapSliceFill.list)
    }
}

extension ExchangeClient {
    /// The user's newest fills, at most 2000, in the order of execution.
    public func fills(_ user: String, aggregated: Bool = false) async throws(InfoError) -> [UserFill] {
        UserFill.inOrderOfExecution(try await read(.userFills(user, aggregated: aggregated)))
    }

    /// Every fill from `from` to `to` (milliseconds since 1970, both included), in the order of execution, each once.
    public func fills(_ user: String, from: Int64, to: Int64? = nil, aggregated: Bool = false) async throws(InfoError) -> [UserFill] {
        let paging = TimePaging(from: from, pageSize: PageSize.fills, time: { (fill: UserFill) in fill.time }, key: UserFill.Key.init)
        let fills = try await readAll(paging) { .userFillsByTime(user, from: $0, to: to, aggregated: aggregated) }
        return UserFill.inOrderOfExecution(fills)
    }

    /// Every TWAP slice from `from` to `to` (milliseconds since 1970, both included), oldest first, each once.
    public func twapSliceFills(_ user: String, from: Int64, to: Int64? = nil) async throws(InfoError) -> [TwapSliceFill] {
        let paging = TimePaging(
            from: from, pageSize: PageSize.fills, time: { (slice: TwapSliceFill) in slice.fill.time }, key: { UserFill.Key($0.fill) })
        return try await readAll(paging) { .userTwapSliceFillsByTime(user, from: $0, to: to) }
    }
}

extension UserFill {
    /// What identifies a fill among one user's: both parties of a trade have its `tid`.
    struct Key: Hashable, Sendable {
        let coin: Coin
        let tid: Int64

        init(_ fill: UserFill) {
            coin = fill.coin
            tid = fill.tid
        }
    }

    static func list(_ answer: JSON) throws(JSONError) -> [UserFill] { try answer.map(UserFill.init(json:)) }

    /// Sorted by time; fills of one millisecond keep their order, which the exchange gives as they were executed.
    public static func inOrderOfExecution(_ fills: [UserFill]) -> [UserFill] {
        // Swift's sort is stable in practice but does not promise it, so the index decides.
        fills.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    }
}

extension TwapSliceFill {
    static func list(_ answer: JSON) throws(JSONError) -> [TwapSliceFill] { try answer.map(TwapSliceFill.init(json:)) }
}
