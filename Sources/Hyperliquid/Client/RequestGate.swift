/// Keeps requests within what the exchange allows an address, see ``RequestWeight``. Shared by all who send from one address, so a
/// client asks it before each read; orders take their weight with their journal.
public protocol RequestGate: Sendable {
    /// Returns when `weight` may be spent.
    /// - Throws: `.notSent` when that would take too long, or cannot be known.
    func admit(_ weight: Int) async throws(ExchangeError)
    /// Weight that an answer cost beyond what was admitted: the exchange charges long ones by their items.
    func charge(_ weight: Int) async
    /// The exchange said "too many requests": everyone pauses.
    func refused() async
}
