/// Coins by name, with `*` for any characters and `?` for one: `k*`, `xyz:*`. Upper and lower case differ, as in the exchange's names.
public struct CoinPattern: Name {
    public let text: String
    public init(_ text: String) { self.text = text }

    public func matches(_ coin: Coin) -> Bool {
        let pattern = Array(text.utf8)
        let name = Array(coin.text.utf8)
        var (p, n) = (0, 0)
        // Where to go on when what followed the last star does not fit: linear in the product of the lengths at worst.
        var retry: (p: Int, n: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                retry = (p + 1, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] || pattern[p] == UInt8(ascii: "?") {
                p += 1
                n += 1
            } else if let last = retry {
                retry = (last.p, last.n + 1)
                (p, n) = (last.p, last.n + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
