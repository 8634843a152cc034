import Foundation

/// A key its account's owner has approved to sign actions, until it expires. An account has one without a name and a few with one.
struct Agent: Equatable {
    /// `0x` and 40 lower-case digits.
    var address: String
    /// "" of the agent without a name.
    var name: String
    /// Milliseconds since 1970; from then on the key is unknown.
    var validUntil: Int64

    /// Without `valid_until` in its name.
    static let defaultValidity: Int64 = 90 * 86_400_000
    static let maximumValidity: Int64 = 180 * 86_400_000
    static let longestName = 16
    static let namedLimit = 3
    static let namedLimitPerSubAccount = 2
    /// After a removal nothing is approved for so long.
    static let removalPause: Int64 = 5_000
    /// Approving this address revokes.
    static let nobody = "0x" + String(repeating: "0", count: 40)
}

/// The `agentName` of an approval: `name`, or `name valid_until <milliseconds since 1970>`.
struct AgentName: Equatable {
    var name: String
    var validUntil: Int64?

    private static let marker = "valid_until "

    init(_ text: String) {
        guard let marker = text.range(of: Self.marker, options: .backwards), let time = Int64(text[marker.upperBound...]),
            marker.lowerBound == text.startIndex || text[text.index(before: marker.lowerBound)] == " "
        else {
            name = text
            return
        }
        name = String(text[..<marker.lowerBound].dropLast())
        validUntil = time
    }
}
