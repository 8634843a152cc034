import Cryptography
import JSON

/// A request to sign one action, read from JSON; the fields are those of a record of the signing vectors:
/// ```
/// {"kind":"l1","network":"mainnet","nonce":1718000000123,"vaultAddress":null,"expiresAfter":null,"action":{"type":"order",…}}
/// {"kind":"userSigned","network":"mainnet","action":{"type":"usdSend",…,"signatureChainId":"0x66eee","hyperliquidChain":"Mainnet"}}
/// ```
/// `kind` may be left out: the action's `type` tells. `primaryType` is needed only when a user-signed action has no `type`.
/// Members not named here are ignored.
public struct SigningRequest: Sendable {
    public let action: JSON
    public let network: Network
    public let payload: Payload

    public enum Payload: Sendable, Equatable {
        case l1(nonce: UInt64, vaultAddress: String?, expiresAfter: UInt64?)
        case userSigned(UserSignedAction.PrimaryType)
    }

    public init(json: JSON) throws(SigningError) {
        guard case .object = json else { throw SigningError(problem: "expected an object, found \(json.kind)") }
        guard let action = json["action"], case .object = action else {
            throw SigningError(field: "action", problem: json["action"].map { "expected an object, found \($0.kind)" } ?? "missing")
        }
        self.action = action
        network = try Self.network(json)
        payload = try Self.isUserSigned(json, action: action) ? .userSigned(Self.primaryType(json, action: action)) : Self.l1(json)
        if case .userSigned = payload { try checkChain() }
    }

    public func sign(key: SigningKey) throws(SigningError) -> SigningReport {
        switch payload {
        case .l1(let nonce, let vaultAddress, let expiresAfter):
            let connectionID = try ActionHash.connectionID(
                action: action, nonce: nonce, vaultAddress: vaultAddress, expiresAfter: expiresAfter)
            let digest = ActionHash.agentDigest(connectionID: connectionID, network: network)
            return try SigningReport(hash: .connectionID(connectionID), digest: digest, key: key)
        case .userSigned(let type):
            let digest = try UserSignedAction.digest(action: action, as: type)
            return try SigningReport(hash: .digest(digest), digest: digest, key: key)
        }
    }

    private static func network(_ json: JSON) throws(SigningError) -> Network {
        let names = Network.allCases.map(\.rawValue).joined(separator: " or ")
        guard case .string(let name)? = json["network"], let network = Network(rawValue: name) else {
            let found = json["network"].map { ", found \($0.kind)" } ?? ", found nothing"
            throw SigningError(field: "network", problem: "expected \(names)\(found)")
        }
        return network
    }

    private static func isUserSigned(_ json: JSON, action: JSON) throws(SigningError) -> Bool {
        guard let kind = json["kind"] else {
            guard json["primaryType"] == nil else { return true }
            if case .string(let type)? = action["type"] { return UserSignedAction.PrimaryType(actionType: type) != nil }
            return false
        }
        switch kind {
        case "l1", "l1HashOnly": return false
        case "userSigned": return true
        default: throw SigningError(field: "kind", problem: "expected \"l1\" or \"userSigned\", found \(kind.kind)")
        }
    }

    private static func primaryType(_ json: JSON, action: JSON) throws(SigningError) -> UserSignedAction.PrimaryType {
        guard let name = json["primaryType"] else { return try UserSignedAction.primaryType(of: action) }
        guard case .string(let text) = name, let type = UserSignedAction.PrimaryType(typeName: text) else {
            let known = UserSignedAction.PrimaryType.allCases.map(\.rawValue).joined(separator: ", ")
            throw SigningError(field: "primaryType", problem: "\(name.kind) is none of \(known)")
        }
        return type
    }

    private static func l1(_ json: JSON) throws(SigningError) -> Payload {
        guard let nonce = try whole(json, "nonce") else { throw SigningError(field: "nonce", problem: "missing") }
        return .l1(nonce: nonce, vaultAddress: try vault(json), expiresAfter: try whole(json, "expiresAfter"))
    }

    private static func vault(_ json: JSON) throws(SigningError) -> String? {
        guard let value = json["vaultAddress"] else { return nil }
        guard case .string(let text) = value else {
            throw SigningError(field: "vaultAddress", problem: "expected an address, found \(value.kind)")
        }
        do { _ = try AddressBytes.of(text) } catch { throw error.inside("vaultAddress") }
        return text
    }

    private static func whole(_ json: JSON, _ name: String) throws(SigningError) -> UInt64? {
        guard let value = json[name] else { return nil }
        guard case .number(let text) = value, let number = UInt64(text) else {
            throw SigningError(field: name, problem: "expected milliseconds since 1970 as a whole number, found \(value.kind)")
        }
        return number
    }

    /// The network decides nothing in a user-signed hash, so a contradiction would sign for the chain that was not meant.
    private func checkChain() throws(SigningError) {
        guard action["hyperliquidChain"] == .string(network.chainName) else {
            let found = action["hyperliquidChain"]?.kind ?? "nothing"
            throw SigningError(
                field: "action.hyperliquidChain",
                problem: "expected \"\(network.chainName)\" for network \(network.rawValue), found \(found)")
        }
    }
}
