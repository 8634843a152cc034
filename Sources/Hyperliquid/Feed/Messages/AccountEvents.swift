import CopyTrading
import JSON

/// Funding paid or received for one position.
public struct FundingEvent: Sendable, Equatable {
    /// Milliseconds since 1970, tens of milliseconds after the hour.
    public var time: Int64
    public var coin: Coin
    /// Negative: paid.
    public var amount: Notional
    /// Signed position it was reckoned for.
    public var position: Size
    public var rate: Ratio

    public init(time: Int64, coin: Coin, amount: Notional, position: Size, rate: Ratio) {
        self.time = time
        self.coin = coin
        self.amount = amount
        self.position = position
        self.rate = rate
    }

    /// `{"coin","usdc","szi","fundingRate"}`; its time stands here, or a level above.
    init(_ json: JSON, time: Int64) throws(JSONError) {
        self.init(
            time: time, coin: Coin(try json.string("coin")), amount: try json.denoisedDecimal("usdc"), position: try json.denoisedDecimal("szi"),
            rate: try json.ratio("fundingRate"))
    }

    /// An item of `userFundings`: as above, or in the form of /info with its `delta`.
    init(item json: JSON) throws(JSONError) {
        let time = try json.milliseconds("time")
        let nested = try json.maybe("delta") { delta throws(JSONError) in try FundingEvent(delta, time: time) }
        self = if let nested { nested } else { try FundingEvent(json, time: time) }
    }
}

/// A change of an account's money other than by trading and funding: deposit, withdrawal, transfer, liquidation, vault.
public struct LedgerEvent: Sendable, Equatable {
    /// Milliseconds since 1970.
    public var time: Int64
    public var hash: String
    /// `deposit`, `withdraw`, `accountClassTransfer`, `liquidation`, `vaultDeposit`, …
    public var kind: String
    /// As received; members depend on the kind.
    public var delta: JSON

    public init(time: Int64, hash: String, kind: String, delta: JSON) {
        self.time = time
        self.hash = hash
        self.kind = kind
        self.delta = delta
    }

    /// `{"time","hash","delta":{"type",…}}`
    init(json: JSON) throws(JSONError) {
        let delta = try json.field("delta")
        self.init(
            time: try json.milliseconds("time"), hash: try json.string("hash"),
            kind: try json.at("delta") { delta throws(JSONError) in try delta.string("type") }, delta: delta)
    }
}
