import CopyTrading
import JSON

/// Reads back what an earlier run wrote: accounts first, then the leaders' fills, then every order, so that positions, balances, nonces and
/// oids go on where they were.
struct LedgerReader {
    let ledger: Ledger
    let engine: Engine
    /// Of leaders that were made known at run time.
    let leaderEquity: Notional

    /// - Returns: how many groups of the recorded file were already published.
    func restore() throws(HyperSimError) -> Int {
        try ledger.forEachAccount { number, line throws(HyperSimError) in
            try read("accounts.jsonl", number, line) { json throws(JSONError) in try account(json) }
        }
        var replayed = 0
        try ledger.forEachLeaderLine { number, line throws(HyperSimError) in
            try read("leaders.jsonl", number, line) { json throws(JSONError) in replayed = max(replayed, try leader(json)) }
        }
        try ledger.entries.forEachLine { number, line throws(HyperSimError) in
            try read("ledger.jsonl", number, line) { json throws(JSONError) in try entry(json) }
        }
        _ = engine.takeEffects()
        return replayed
    }

    private func read(_ file: String, _ number: Int, _ line: [UInt8], _ body: (JSON) throws(JSONError) -> Void) throws(HyperSimError) {
        do { try body(try JSON.parse(line)) } catch { throw .ledger("\(file) line \(number): \(error)") }
    }

    private func account(_ json: JSON) throws(JSONError) {
        let entry = try AccountEntry(json: json)
        do { try engine.open(entry.account, agent: entry.agent, master: entry.master, balance: entry.balance) } catch {
            throw JSONError(problem: error.description)
        }
    }

    private func leader(_ json: JSON) throws(JSONError) -> Int {
        let address = try json.string("user")
        do throws(HyperSimError) { try engine.openLeader(address, name: address, equity: leaderEquity) } catch {
            throw JSONError(path: "user", problem: error.description)
        }
        guard let leader = engine.account(address) else { preconditionFailure("opened just before") }
        let fills = try json.list("fills") { value throws(JSONError) in
            try Engine.LeaderFill(json: value, universe: engine.universe)
        }
        engine.publish(fills, of: leader, now: try json.integer("timeMs"))
        engine.restore(oid: nil, trades: Int(try json.integer("madeUp")))
        return Int(try json.integer("replayed"))
    }

    private func entry(_ json: JSON) throws(JSONError) {
        let address = try json.string("account")
        guard let account = engine.account(address) else { throw JSONError(problem: "\(address) is no account") }
        if let nonce = json["nonce"], let signer = json["signer"], json["burnsNonce"] != false {
            guard let number = UInt64(try nonce.asNumberText()) else { throw JSONError(path: "nonce", problem: "found \(nonce.kind)") }
            engine.restore(nonce: number, of: try signer.asString(), for: account)
        }
        let now = try json.integer("timeMs")
        let action = try json.string("action")
        if ["order", "cancel", "noop", "updateLeverage"].contains(action) || json["type"] == "updateLeverage" { account.requestsUsed += 1 }
        switch action {
        case "order": try engine.restoreOrder(json, account, now: now)
        case "fill": try engine.restoreFill(json, account, now: now)
        case "cancel", "systemCancel": try engine.restoreCancel(json, account, now: now)
        case "updateLeverage": try engine.restoreLeverage(json, account)
        case "noop", "refused": break
        case let other: throw JSONError(path: "action", problem: "\(other) is unknown")
        }
    }
}

extension JSON {
    func asNumberText() throws(JSONError) -> String {
        guard case .number(let text) = self else { throw JSONError(problem: "expected a number, found \(kind)") }
        return text
    }
}
