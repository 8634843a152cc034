/// What all copies of one signal together may take of the book they trade against. Each has its own part, whoever comes first, so
/// that workers which know nothing of each other keep to it together.
public struct FanoutCap: Sendable, Equatable {
    public var depth: MarketDepth
    /// Of what is visible within an order's limit.
    public var percent: Int

    /// - Parameter percent: 1…100.
    public init(depth: MarketDepth, percent: Int) {
        self.depth = depth
        self.percent = percent
    }

    /// The most coins that one copy may take, truncated at the eighth decimal.
    /// - Parameters:
    ///   - side: of the copy.
    ///   - best: the best price that it meets now; `nil` when that is known from the book alone.
    public func room(for place: FanoutPlace, side: Side, limit: Price, best: Price? = nil) -> Size {
        let visible = Int128(depth.visible(to: side, within: limit, best: best).e8)
        return Size(e8: Int64(visible * Int128(percent) * Int128(place.part) / (100 * Int128(FanoutPlace.whole))))
    }
}
