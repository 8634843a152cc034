import JSON

/// A dex of perpetual markets that a builder runs (HIP-3); its markets are named `xyz:TSLA`.
public struct PerpetualDex: Sendable, Equatable {
    public var name: String
    /// Position in `perpDexs`, where 0 is the exchange's own.
    public var index: Int
    public var fullName: String?
    public var deployer: String?

    public init(name: String, index: Int, fullName: String? = nil, deployer: String? = nil) {
        self.name = name
        self.index = index
        self.fullName = fullName
        self.deployer = deployer
    }

    /// Asset id of the dex's first market.
    public var firstAsset: Int { 100_000 + index * 10_000 }
}

extension InfoRequest where Answer == [PerpetualDex] {
    /// The builder dexs. The answer `[null, {"name":"xyz",…}, …]` has the exchange's own first, which is left out here.
    public static func perpDexs() -> Self {
        Self("perpDexs") { answer throws(JSONError) in
            let entries = try answer.map { dex throws(JSONError) -> PerpetualDex? in
                guard dex != .null else { return nil }
                return PerpetualDex(
                    name: try dex.string("name"), index: 0, fullName: try dex.string(ifPresent: "fullName"),
                    deployer: try dex.string(ifPresent: "deployer"))
            }
            return entries.enumerated().compactMap { index, dex in
                dex.map { PerpetualDex(name: $0.name, index: index, fullName: $0.fullName, deployer: $0.deployer) }
            }
        }
    }
}
