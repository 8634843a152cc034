import Cryptography
import JSON

/// The hash of an L1 action (orders, cancels, everything an agent may sign) and the digest over it that is signed.
///
/// `connectionID = keccak(msgpack(action) ‖ nonce ‖ vault ‖ expiry)`; the digest is EIP-712 of `Agent(source, connectionId)` in the
/// domain "Exchange", chain 1337 on both networks.
public enum ActionHash {
    /// 32 bytes.
    /// - Parameters:
    ///   - nonce: milliseconds since 1970.
    ///   - vaultAddress: the vault or sub-account acted for, `0x` and 40 digits.
    ///   - expiresAfter: milliseconds since 1970.
    public static func connectionID(
        action: JSON, nonce: UInt64, vaultAddress: String?, expiresAfter: UInt64?
    ) throws(SigningError) -> [UInt8] {
        var bytes: [UInt8]
        do { bytes = try MessagePack.encode(action) } catch { throw error.inside("action") }
        MessagePack.append(bigEndian: nonce, to: &bytes)
        if let vaultAddress {
            bytes.append(1)
            do { bytes += try AddressBytes.of(vaultAddress) } catch { throw error.inside("vaultAddress") }
        } else {
            bytes.append(0)
        }
        if let expiresAfter {
            bytes.append(0)
            MessagePack.append(bigEndian: expiresAfter, to: &bytes)
        }
        return Keccak256.hash(bytes)
    }

    /// The 32 bytes that are signed for an action with this connection id.
    public static func agentDigest(connectionID: [UInt8], network: Network) -> [UInt8] {
        precondition(connectionID.count == 32, "a connection id has 32 bytes")
        let source = network == .mainnet ? mainnetSourceHash : testnetSourceHash
        return TypedData.digest(domainSeparator: domainSeparator, structHash: Keccak256.hash(agentTypeHash + source + connectionID))
    }

    private static let domainSeparator = TypedData.domainSeparator(name: "Exchange", chainID: 1337)
    private static let agentTypeHash = Keccak256.hash(Array("Agent(string source,bytes32 connectionId)".utf8))
    private static let mainnetSourceHash = Keccak256.hash(Array(Network.mainnet.agentSource.utf8))
    private static let testnetSourceHash = Keccak256.hash(Array(Network.testnet.agentSource.utf8))
}
