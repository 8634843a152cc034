/// The nonces of one signer, as the exchange keeps them: the 100 highest used ones.
///
/// A new nonce must be unused, above the smallest stored one once 100 are stored, and within two days before and one day after now.
struct NonceWindow {
    static let capacity = 100
    static let past: Int64 = 2 * 86_400_000
    static let future: Int64 = 86_400_000

    /// Ascending.
    private var used: [UInt64] = []

    enum Refusal: Error, Equatable {
        case duplicate(UInt64)
        case tooLow(UInt64, bound: UInt64)
        case tooHigh(UInt64, bound: UInt64)

        var text: String {
            switch self {
            case .duplicate(let nonce): "Invalid nonce: duplicate nonce \(nonce)"
            case .tooLow(let nonce, let bound): "Invalid nonce: nonce too low \(nonce) < \(bound)"
            case .tooHigh(let nonce, let bound): "Invalid nonce: nonce too high \(nonce) > \(bound)"
            }
        }
    }

    /// Burns `nonce`.
    /// - Parameter now: milliseconds since 1970.
    mutating func use(_ nonce: UInt64, now: Int64) throws(Refusal) {
        let earliest = UInt64(max(0, now - Self.past))
        let latest = UInt64(max(0, now + Self.future))
        guard nonce < latest else { throw .tooHigh(nonce, bound: latest) }
        let position = insertionPoint(of: nonce)
        if position < used.count, used[position] == nonce { throw .duplicate(nonce) }
        guard nonce > earliest else { throw .tooLow(nonce, bound: earliest) }
        if used.count == Self.capacity, nonce < used[0] { throw .tooLow(nonce, bound: used[0]) }
        insert(nonce, at: position)
    }

    private mutating func insert(_ nonce: UInt64, at position: Int) {
        used.insert(nonce, at: position)
        if used.count > Self.capacity { used.removeFirst() }
    }

    /// Index of the first stored nonce not below `nonce`. New nonces are mostly the highest.
    private func insertionPoint(of nonce: UInt64) -> Int {
        guard let last = used.last, last >= nonce else { return used.count }
        var low = 0
        var high = used.count
        while low < high {
            let middle = (low + high) / 2
            if used[middle] < nonce { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
