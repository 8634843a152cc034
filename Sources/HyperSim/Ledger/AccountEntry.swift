import CopyTrading
import JSON

/// One account of the accounts file: `{"account":"0x…","agent":"0x…","balance":"10000"}`; `agent` may sign for `account`, as
/// its own key may. A sub-account or vault names its owner, who must come before it, in `master`: the owner's agent then acts for it by
/// `vaultAddress`. Optional are `agent`, its name in `agentName`, until when it may sign in `agentValidUntil` (milliseconds since 1970; an entry
/// for an agent that is there gives it another end), `spotBalance` in USDC, and `mode`, a word of `userAbstraction`.
struct AccountEntry: Equatable {
    var account: String
    var agent: String?
    var master: String?
    var balance: Notional
    var spotBalance: Notional
    var mode: AccountMode?
    /// "" is an agent without a name, which no list has.
    var agentName = ""
    var agentValidUntil: Int64?

    /// Keeps every sum over an account far from the end of 64 bits.
    static let maximumBalance = Notional(1_000_000_000)
}

extension AccountEntry {
    init(json: JSON) throws(JSONError) {
        account = try json.at("account", Address.init(json:)).text
        agent = try json.maybe("agent", Address.init(json:))?.text
        master = try json.maybe("master", Address.init(json:))?.text
        balance = try json.decimal("balance")
        spotBalance = try json.maybeDecimal("spotBalance") ?? .zero
        mode = try json.maybe("mode") { value throws(JSONError) in
            let word = try value.asString()
            guard let mode = AccountMode(rawValue: word) else { throw JSONError(problem: "\(word) is no account mode") }
            return mode
        }
        agentName = try json.maybe("agentName") { value throws(JSONError) in try value.asString() } ?? ""
        agentValidUntil = try json.maybe("agentValidUntil") { value throws(JSONError) in try value.asInteger() }
        for (name, value) in [("balance", balance), ("spotBalance", spotBalance)] where value.e8 < 0 || value > Self.maximumBalance {
            throw JSONError(path: name, problem: "expected 0 to \(Self.maximumBalance), found \(value)")
        }
    }

    var json: JSON {
        var members = [JSON.Member("account", .string(account))]
        if let agent { members.append(JSON.Member("agent", .string(agent))) }
        if let master { members.append(JSON.Member("master", .string(master))) }
        members.append(JSON.Member("balance", .string(balance.description)))
        if !spotBalance.isZero { members.append(JSON.Member("spotBalance", .string(spotBalance.description))) }
        if let mode { members.append(JSON.Member("mode", .string(mode.rawValue))) }
        if !agentName.isEmpty { members.append(JSON.Member("agentName", .string(agentName))) }
        if let agentValidUntil { members.append(JSON.Member("agentValidUntil", .integer(agentValidUntil))) }
        return .object(members)
    }

    /// Reads `{"accounts":[…]}`.
    static func list(_ json: JSON) throws(JSONError) -> [AccountEntry] { try json.list("accounts", AccountEntry.init(json:)) }

    static func list(path: String) throws(HyperSimError) -> [AccountEntry] { try JSONFile.read(path, Self.list(_:)) }
}
