import Cryptography

/// Addresses the simulator makes up. The recorded fills carry no addresses, so each leader's is derived from its name: the same on
/// every run and on every machine.
public enum LeaderAddress {
    /// `0x` and the last 40 hexadecimal digits of keccak256(`leader:` + name).
    public static func of(_ name: String) -> String { derived(from: "leader:" + name) }

    /// The synthetic book's side of every trade, in the `users` of public trades.
    static let book = derived(from: "book")

    fileprivate static func derived(from text: String) -> String {
        "0x" + Hexadecimal.text(Keccak256.hash(Array(text.utf8)).suffix(20))
    }
}

/// Addresses of sub-accounts: of each master's first, second … the same on every run.
enum SubAccountAddress {
    static func of(_ master: String, number: Int) -> String { LeaderAddress.derived(from: "sub-account:\(master):\(number)") }
}
