import CopyTrading
import Cryptography
import Hyperliquid
import JSON

/// The body of POST /exchange, decoded. What does not decode is answered with HTTP 422, as the exchange does.
struct ExchangeRequest {
    var operation: any Operation
    var nonce: UInt64
    /// `nil` when it has the shape of a signature but cannot be one.
    var signature: RecoverableSignature?
    /// Lower case.
    var vaultAddress: String?
    var expiresAfter: UInt64?
    /// The action as it came: a user-signed one is hashed over its own fields.
    var action: JSON

    init(json: JSON) throws(JSONError) {
        action = try json.field("action")
        operation = try json.at("action", Operations.decode)
        nonce = try json.at("nonce", Self.milliseconds)
        vaultAddress = try json.maybe("vaultAddress", Address.init(json:))?.text
        expiresAfter = try json.maybe("expiresAfter", Self.milliseconds)
        signature = try json.at("signature") { value throws(JSONError) in
            _ = try (value.string("r"), value.string("s"), value.integer("v"))
            return try? RecoverableSignature(json: value)
        }
    }

    /// What was signed, and the address whose key signed it.
    func recover(network: Network) -> (digest: [UInt8], signer: String)? {
        guard let signature, let digest = digest(network: network), let signer = signature.recoverAddress(digest: digest) else { return nil }
        return (digest, signer)
    }

    private func digest(network: Network) -> [UInt8]? {
        if let operation = operation as? any UserSignedOperation {
            return try? UserSignedAction.digest(action: action, as: type(of: operation).primaryType)
        }
        let identifier = try? ActionHash.connectionID(
            action: operation.canonical, nonce: nonce, vaultAddress: vaultAddress, expiresAfter: expiresAfter)
        return identifier.map { ActionHash.agentDigest(connectionID: $0, network: network) }
    }

    private static func milliseconds(_ json: JSON) throws(JSONError) -> UInt64 {
        guard case .number(let text) = json, let value = UInt64(text) else {
            throw JSONError(problem: "expected milliseconds since 1970, found \(json.kind)")
        }
        return value
    }
}
