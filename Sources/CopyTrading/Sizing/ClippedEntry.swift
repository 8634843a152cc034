/// An entry's size as the caps leave it, each that bites recorded. Exact: rooms are compared in 128 bits.
struct ClippedEntry: Equatable {
    private(set) var size: Size
    /// What the size is valued at.
    let price: Price
    private(set) var clips: [Clip] = []
    /// The cap with the least room, for what is raised afterwards; `nil` without any cap.
    private(set) var tightest: (gate: Gate, size: Size)?

    init(size: Size, price: Price) {
        self.size = size
        self.price = price
    }

    static func == (a: ClippedEntry, b: ClippedEntry) -> Bool {
        a.size == b.size && a.price == b.price && a.clips == b.clips && a.tightest?.gate == b.tightest?.gate
            && a.tightest?.size == b.tightest?.size
    }

    /// The gate that shrank it last.
    var lastGate: Gate? { clips.last?.gate }

    /// - Parameter room: what the order may be worth; below zero counts as zero, `nil` is no cap.
    mutating func clip(to room: Notional?, by gate: Gate) {
        guard let room else { return }
        let units = max(Int128(room.e8), 0) * Int128(Notional.scale) / Int128(price.e8)
        clip(to: Size(e8: Int64(clamping: min(units, Int128(Size.limit)))), by: gate)
    }

    /// - Parameter most: coins, unsigned.
    mutating func clip(to most: Size, by gate: Gate) {
        if tightest.map({ most < $0.size }) ?? true { tightest = (gate, most) }
        guard size > most else { return }
        clips.append(Clip(gate: gate, before: size, after: most))
        size = most
    }

    /// Recorded as a clip, because the order is not what the mode made it.
    mutating func change(to size: Size, by gate: Gate) {
        guard size != self.size else { return }
        clips.append(Clip(gate: gate, before: self.size, after: size))
        self.size = size
    }
}
