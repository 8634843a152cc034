import CopyTrading
import Cryptography
import Hyperliquid
import JSON

/// The body of POST /exchange, decoded. What does not decode is answered with HTTP 422, as the exchange does.
struct ExchangeRequest {
    var action: RequestedAction
    var nonce: UInt64
    /// `nil` when it has the shape of a signature but cannot be one.
    var signature: RecoverableSignature?
    /// Lower case.
    var vaultAddress: String?
    var expiresAfter: UInt64?

    init(json: JSON) throws(JSONError) {
        action = try json.at("action", RequestedAction.init(json:))
        nonce = try json.at("nonce", Self.milliseconds)
        vaultAddress = try json.maybe("vaultAddress", Address.init(json:))?.text
        expiresAfter = try json.maybe("expiresAfter", Self.milliseconds)
        signature = try json.at("signature") { value throws(JSONError) in
            _ = try (value.string("r"), value.string("s"), value.integer("v"))
            return try? RecoverableSignature(json: value)
        }
    }

    /// The connection id and the address whose key made the signature.
    func recover(network: Network) -> (connectionID: [UInt8], signer: String)? {
        guard let signature,
            let identifier = try? ActionHash.connectionID(
                action: action.canonical, nonce: nonce, vaultAddress: vaultAddress, expiresAfter: expiresAfter),
            let signer = signature.recoverAddress(digest: ActionHash.agentDigest(connectionID: identifier, network: network))
        else { return nil }
        return (identifier, signer)
    }

    private static func milliseconds(_ json: JSON) throws(JSONError) -> UInt64 {
        guard case .number(let text) = json, let value = UInt64(text) else {
            throw JSONError(problem: "expected milliseconds since 1970, found \(json.kind)")
        }
        return value
    }
}

/// An action as the exchange understands it.
struct RequestedAction {
    enum Kind {
        case order([OrderTicket], hasBuilder: Bool)
        case cancel([Engine.CancelTicket])
        case noop
        case updateLeverage(asset: Int, isCross: Bool, leverage: Int)
    }

    var type: String
    var kind: Kind
    /// What the exchange hashes: the decoded action written out anew, in its own order of members, decimals canonical, hexadecimal in lower
    /// case, nulls left out. A client that hashed another text is recovered as another signer.
    var canonical: JSON

    init(json: JSON) throws(JSONError) {
        type = try json.string("type")
        switch type {
        case "order": (kind, canonical) = try Self.order(json)
        case "cancel": (kind, canonical) = try Self.cancel(json)
        case "cancelByCloid": (kind, canonical) = try Self.cancelByCloid(json)
        case "noop": (kind, canonical) = (.noop, ["type": "noop"])
        case "updateLeverage": (kind, canonical) = try Self.updateLeverage(json)
        default: throw JSONError(path: "type", problem: "\(type) is unknown")
        }
    }

    /// What the limit of 200 counts.
    var itemCount: Int {
        switch kind {
        case .order(let tickets, _): tickets.count
        case .cancel(let tickets): tickets.count
        case .noop, .updateLeverage: 1
        }
    }

    var cloids: [String] {
        guard case .order(let tickets, _) = kind else { return [] }
        return tickets.compactMap(\.cloid)
    }

    private static func cancel(_ json: JSON) throws(JSONError) -> (Kind, JSON) {
        var written: [JSON] = []
        let tickets = try json.list("cancels") { item throws(JSONError) in
            let asset = try item.integer("a")
            let oid = try item.integer("o")
            var members: [JSON.Member] = [.init("a", .integer(asset)), .init("o", .integer(oid))]
            if try item.maybe("f", { value throws(JSONError) in try value.asBool() }) == true { members.append(.init("f", true)) }
            written.append(.object(members))
            return Engine.CancelTicket(asset: Int(asset), target: .oid(oid))
        }
        return (.cancel(tickets), ["type": "cancel", "cancels": .array(written)])
    }

    private static func cancelByCloid(_ json: JSON) throws(JSONError) -> (Kind, JSON) {
        var written: [JSON] = []
        let tickets = try json.list("cancels") { item throws(JSONError) in
            let asset = try item.integer("asset")
            let cloid = try item.at("cloid", Cloid.init(json:)).text
            written.append(["asset": .integer(asset), "cloid": .string(cloid)])
            return Engine.CancelTicket(asset: Int(asset), target: .cloid(cloid))
        }
        return (.cancel(tickets), ["type": "cancelByCloid", "cancels": .array(written)])
    }

    private static func updateLeverage(_ json: JSON) throws(JSONError) -> (Kind, JSON) {
        let asset = try json.integer("asset")
        let isCross = try json.bool("isCross")
        let leverage = try json.integer("leverage")
        guard leverage >= 0, leverage <= Int64(UInt32.max) else { throw JSONError(path: "leverage", problem: "out of range") }
        return (
            .updateLeverage(asset: Int(asset), isCross: isCross, leverage: Int(leverage)),
            ["type": "updateLeverage", "asset": .integer(asset), "isCross": .bool(isCross), "leverage": .integer(leverage)]
        )
    }
}
