/// An entry's size as the caps leave it. Each cap that bites is recorded with the value before and after.
struct ClippedEntry: Equatable {
    private(set) var size: Size
    let price: Price
    private(set) var clips: [String] = []
    /// Of the cap that bit last; `nil` when none did.
    private(set) var outcome: Outcome?

    init(size: Size, price: Price) {
        self.size = size
        self.price = price
    }

    /// - Parameter name: of the setting, as in the configuration file.
    mutating func clip(to cap: Notional?, name: String, outcome: Outcome) {
        guard let cap else { return }
        // 128 bits, so that an absurdly large order is clipped too instead of passing as not computable.
        let worth = Int128(price.e8) * Int128(size.e8)
        let room = max(Int128(cap.e8), 0) * Int128(Notional.scale)
        guard worth > room else { return }
        let worthText = (try? price * size).map(\.description) ?? "more than \(Notional(e8: Notional.limit))"
        clips.append("capped \(worthText) → \(Notional(e8: max(cap.e8, 0))) by \(name)")
        size = Size(e8: Int64(room / Int128(price.e8)))
        self.outcome = outcome
    }
}
