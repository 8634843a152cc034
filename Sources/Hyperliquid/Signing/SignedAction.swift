import Cryptography
import JSON

/// An action with its signature: exactly what one POST /exchange carries.
public struct SignedAction: Sendable, Equatable {
    public let action: JSON
    /// Milliseconds since 1970; the exchange refuses a nonce it has seen from this signer.
    public let nonce: UInt64
    /// The vault or sub-account acted for, lower case.
    public let vaultAddress: String?
    /// Milliseconds since 1970 after which the exchange refuses the action.
    public let expiresAfter: UInt64?
    /// 32 bytes that identify the payload: the connection id of an L1 action, the EIP-712 digest of a user-signed one.
    public let connectionID: [UInt8]
    public let signature: RecoverableSignature

    /// Signs an L1 action with the key of the owner or of an agent.
    public static func sign(
        action: JSON, nonce: UInt64, vaultAddress: String?, expiresAfter: UInt64?, network: Network, key: SigningKey
    ) throws(SigningError) -> SignedAction {
        let vault = vaultAddress?.lowercased()
        let connectionID = try ActionHash.connectionID(action: action, nonce: nonce, vaultAddress: vault, expiresAfter: expiresAfter)
        let digest = ActionHash.agentDigest(connectionID: connectionID, network: network)
        return SignedAction(
            action: action, nonce: nonce, vaultAddress: vault, expiresAfter: expiresAfter, connectionID: connectionID,
            signature: key.sign(digest: digest))
    }

    /// Signs a user-signed action with the owner's key; the envelope's nonce is the action's own.
    public static func sign(userAction action: JSON, key: SigningKey) throws(SigningError) -> SignedAction {
        let type = try UserSignedAction.primaryType(of: action)
        let digest = try UserSignedAction.digest(action: action, as: type)
        guard case .number(let text)? = action[type.nonceField], let nonce = UInt64(text) else {
            throw SigningError(field: "action.\(type.nonceField)", problem: "expected a whole number")
        }
        return SignedAction(
            action: posted(action, as: type), nonce: nonce, vaultAddress: nil, expiresAfter: nil, connectionID: digest,
            signature: key.sign(digest: digest))
    }

    /// The body of POST /exchange.
    public var body: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        output.append(contentsOf: #"{"action":"#.utf8)
        action.write(to: &output)
        output.append(contentsOf: #","nonce":"#.utf8)
        output.append(contentsOf: String(nonce).utf8)
        output.append(contentsOf: #","signature":"#.utf8)
        signature.json.write(to: &output)
        output.append(contentsOf: #","vaultAddress":"#.utf8)
        JSON.string(orNull: vaultAddress).write(to: &output)
        output.append(contentsOf: #","expiresAfter":"#.utf8)
        (expiresAfter.map { JSON.integer($0) } ?? .null).write(to: &output)
        output.append(UInt8(ascii: "}"))
        return output
    }

    /// An unnamed agent is signed with an empty name and posted without one.
    private static func posted(_ action: JSON, as type: UserSignedAction.PrimaryType) -> JSON {
        guard type == .approveAgent, case .object(let members) = action else { return action }
        return .object(members.filter { $0.name != "agentName" || $0.value != "" })
    }
}
