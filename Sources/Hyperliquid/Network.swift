/// Which of the exchange's two chains a signature is for. Each refuses the other's signatures.
public enum Network: String, Sendable, CaseIterable {
    case mainnet, testnet

    /// `source` of the phantom agent in an L1 action's typed data.
    var agentSource: String { self == .mainnet ? "a" : "b" }

    /// `hyperliquidChain` of a user-signed action.
    public var chainName: String { self == .mainnet ? "Mainnet" : "Testnet" }
}

/// Where the exchange, or its simulator, listens.
public struct ExchangeEndpoint: Sendable, Equatable {
    /// Scheme, host and port without a trailing slash: `https://api.hyperliquid.xyz`, `http://127.0.0.1:1234`.
    public var base: String
    public var network: Network

    public init(base: String, network: Network) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.network = network
    }

    public static let mainnet = ExchangeEndpoint(base: "https://api.hyperliquid.xyz", network: .mainnet)
    public static let testnet = ExchangeEndpoint(base: "https://api.hyperliquid-testnet.xyz", network: .testnet)

    /// `wss://api.hyperliquid.xyz/ws` for `https://api.hyperliquid.xyz`.
    public var webSocketURL: String {
        base.hasPrefix("http") ? "ws" + base.dropFirst("http".count) + "/ws" : base + "/ws"
    }
}
