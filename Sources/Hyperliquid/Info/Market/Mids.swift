import CopyTrading
import JSON

extension InfoRequest where Answer == [Coin: Price] {
    /// Mid prices of the exchange's own dex (spot pairs too), or of a builder dex. A pair whose price cannot be read is left out if
    /// it is no perpetual.
    public static func allMids(dex: String? = nil) -> Self {
        Self("allMids", [("dex", .string(orNone: dex))], decode: Mids.read)
    }
}

extension ExchangeClient {
    public func allMids(dex: String? = nil) async throws(InfoError) -> [Coin: Price] { try await read(.allMids(dex: dex)) }
}

enum Mids {
    /// `{"BTC":"85801.5","@107":"92.9315",…}`
    static func read(_ answer: JSON) throws(JSONError) -> [Coin: Price] {
        guard case .object(let members) = answer else { throw JSONError(problem: "expected an object, found \(answer.kind)") }
        var mids: [Coin: Price] = [:]
        mids.reserveCapacity(members.count)
        for member in members {
            do {
                mids[Coin(member.name)] = try WireDecimal.denoised(try member.value.asString())
            } catch {
                guard isPerpetual(member.name) else { continue }
                throw JSONError(path: member.name, problem: "\(error)")
            }
        }
        return mids
    }

    /// Spot pairs are `@107` or `PURR/USDC`, outcomes `#14880` or `+14880`.
    private static func isPerpetual(_ name: String) -> Bool {
        !name.hasPrefix("@") && !name.hasPrefix("#") && !name.hasPrefix("+") && !name.contains("/")
    }
}
