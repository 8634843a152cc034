import JSON

/// An account under a master's: own positions and address, the master's keys.
public struct SubAccount: Sendable, Equatable {
    public var name: String
    public var address: String
    public var master: String
    public var perpetuals: AccountState
    public var spot: SpotState

    init(json: JSON) throws(JSONError) {
        name = try json.string("name")
        address = try json.string("subAccountUser").lowercased()
        master = try json.string("master").lowercased()
        perpetuals = try json.at("clearinghouseState", AccountState.init(json:))
        spot = try json.at("spotState", SpotState.init(json:))
    }
}

extension InfoRequest where Answer == [SubAccount] {
    /// An account without any is answered with null.
    public static func subAccounts(_ user: String) -> Self {
        Self("subAccounts", [("user", .string(user))]) { answer throws(JSONError) in
            answer == .null ? [] : try answer.map(SubAccount.init(json:))
        }
    }
}
