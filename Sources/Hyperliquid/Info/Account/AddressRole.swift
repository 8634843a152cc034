import CopyTrading
import JSON

/// What an address is to the exchange. Reads of an agent's address give empty data, so this tells whose account to read.
public enum AddressRole: Sendable, Equatable {
    /// Never seen.
    case missing
    case user
    case vault
    /// Signs for `account`.
    case agent(account: String)
    case subAccount(master: String)
    /// A role not known here.
    case other(String)

    /// `{"role":"agent","data":{"user":"0x…"}}` and the like.
    init(json: JSON) throws(JSONError) {
        switch try json.string("role") {
        case "missing": self = .missing
        case "user": self = .user
        case "vault": self = .vault
        case "agent": self = .agent(account: try json.at("data") { data throws(JSONError) in try data.string("user").lowercased() })
        case "subAccount":
            self = .subAccount(master: try json.at("data") { data throws(JSONError) in try data.string("master").lowercased() })
        case let role: self = .other(role)
        }
    }
}

extension InfoRequest where Answer == AddressRole {
    /// The dearest read: weight 60.
    public static func userRole(_ address: String) -> Self {
        Self("userRole", [("user", .string(address))], decode: AddressRole.init(json:))
    }
}

extension InfoRequest where Answer == String? {
    /// The account that leads a vault; `nil` when there is no such vault.
    public static func vaultLeader(_ vault: String) -> Self {
        Self("vaultDetails", [("vaultAddress", .string(vault))]) { answer throws(JSONError) in
            answer == .null ? nil : try answer.string("leader").lowercased()
        }
    }
}

/// Which of an account's balances back its perpetuals.
public enum AccountAbstraction: Sendable, Equatable {
    /// Perpetuals are backed by the spot balances: ``AccountState/accountValue`` is not the trader's equity.
    case unifiedAccount
    /// As `unifiedAccount`, with further tokens as collateral.
    case portfolioMargin
    /// Spot and perpetuals are apart.
    case disabled
    /// Nothing was chosen; apart as well.
    case `default`
    /// A mode not known here.
    case other(String)

    init(json: JSON) throws(JSONError) {
        switch try json.asString() {
        case "unifiedAccount": self = .unifiedAccount
        case "portfolioMargin": self = .portfolioMargin
        case "disabled": self = .disabled
        case "default": self = .default
        case let mode: self = .other(mode)
        }
    }
}

extension AccountAbstraction {
    /// `nil` for a mode that is not known: then no equity is told.
    public var collateral: AccountEquity.Collateral? {
        switch self {
        case .unifiedAccount, .portfolioMargin: .shared
        case .disabled, .default: .separate
        case .other: nil
        }
    }
}

extension InfoRequest where Answer == AccountAbstraction {
    public static func userAbstraction(_ user: String) -> Self {
        Self("userAbstraction", [("user", .string(user))], decode: AccountAbstraction.init(json:))
    }
}
