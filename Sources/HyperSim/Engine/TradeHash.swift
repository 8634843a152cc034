import Cryptography

/// The `hash` of fills and trades: on the exchange that of the block's transaction, here one per action.
enum TradeHash {
    /// 0x and 64 digits.
    static func of(_ bytes: [UInt8]) -> String { "0x" + Hexadecimal.text(Keccak256.hash(bytes)) }
}
