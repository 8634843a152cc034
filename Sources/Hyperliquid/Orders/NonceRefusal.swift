/// What a refused nonce tells of those that the exchange would take.
public enum NonceRefusal {
    /// The highest nonces of a signer that the exchange keeps: a new one is none of them, and above the smallest.
    static let kept: Int64 = 100
    /// Larger numbers are no moments.
    private static let largest: Int64 = 1 << 53

    /// A nonce beyond which one is taken, of `Invalid nonce: nonce too low 5 < 10`; `nil` for other texts. Signers run ahead of the time
    /// where a clock was wrong once: without it, nothing of theirs is taken until the time has come.
    /// - Returns: beyond those that are kept as well, where they follow on one another.
    public static func floor(in text: String) -> Int64? {
        guard text.lowercased().contains("nonce too low ") else { return nil }
        let words = text.split(separator: " ")
        guard let sign = words.firstIndex(of: "<"), words.indices.contains(sign + 1) else { return nil }
        guard let bound = Int64(words[sign + 1].prefix { $0.isNumber }), (0...largest).contains(bound) else { return nil }
        return bound + kept
    }
}
