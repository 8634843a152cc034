/// Changes bytes without knowing what they mean.
enum ByteMutator {
    /// Longest result.
    static let maximumBytes = 64 << 10

    static func mutate(_ input: [UInt8], corpus: [[UInt8]], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = input
        for _ in 0...random.below(4) { step(&bytes, corpus, &random) }
        return Array(bytes.prefix(maximumBytes))
    }

    private static func step(_ bytes: inout [UInt8], _ corpus: [[UInt8]], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else {
            bytes = Array(random.pick(Hostile.numbers).utf8)
            return
        }
        let at = random.below(bytes.count)
        switch random.below(10) {
        case 0: bytes[at] ^= 1 << UInt8(random.below(8))
        case 1: bytes[at] = UInt8(random.below(256))
        case 2: bytes.insert(UInt8(random.below(256)), at: at)
        case 3: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(8)))
        case 4: bytes.removeSubrange(at...)
        case 5:
            // a block of this one twice
            let block = Array(bytes[at..<min(bytes.count, at + 1 + random.below(64))])
            bytes.insert(contentsOf: block, at: random.below(bytes.count))
        case 6:
            // a block of another one
            let other = random.pick(corpus)
            guard !other.isEmpty else { return }
            let from = random.below(other.count)
            bytes.insert(contentsOf: other[from..<min(other.count, from + 1 + random.below(128))], at: at)
        case 7: number(&bytes, at, &random)
        case 8: bytes.insert(contentsOf: random.pick([[0xC3, 0x28], [0xED, 0xA0, 0x80], [0xFF], [0x00], [0xF4, 0x90, 0x80, 0x80]]), at: at)
        default: bytes.insert(contentsOf: Hostile.long(&random).utf8, at: at)
        }
    }

    /// The digits at or after a place become another number.
    private static func number(_ bytes: inout [UInt8], _ at: Int, _ random: inout SplitMix64) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = bytes[at...].firstIndex(where: digits.contains) else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: random.pick(Hostile.numbers).utf8)
    }
}
