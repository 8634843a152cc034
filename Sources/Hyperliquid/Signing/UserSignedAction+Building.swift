import CopyTrading
import JSON

/// The user-signed actions this system builds; each is signed with ``SignedAction/sign(userAction:key:)`` and applies to the account
/// of its signer.
extension UserSignedAction {
    /// Named in every action and signed with it; the exchange takes any chain's.
    static let signatureChainID = "0x66eee"
    /// Characters of an agent's name.
    public static let maximumAgentNameLength = 16

    /// Lets `agent` trade for the account. The same name again replaces the agent, the zero address revokes it.
    /// - Parameters:
    ///   - name: `nil` approves the one agent without a name, in place of the one before.
    ///   - validUntil: milliseconds since 1970, at most 180 days ahead; only for a named agent. 90 days without.
    ///   - nonce: milliseconds since 1970.
    public static func approveAgent(
        _ agent: String, name: String?, validUntil: Int64? = nil, nonce: UInt64, network: Network
    ) throws(SigningError) -> JSON {
        if let name, name.isEmpty || name.count > maximumAgentNameLength {
            throw SigningError(field: "agentName", problem: "\"\(name.prefix(60))\" is not of 1 to \(maximumAgentNameLength) characters")
        }
        guard name != nil || validUntil == nil else {
            throw SigningError(field: "agentName", problem: "an agent without a name has no expiry of its own")
        }
        let expiry = validUntil.map { " valid_until \($0)" } ?? ""
        return action(
            .approveAgent,
            [
                .init("agentAddress", .string(try address(agent, "agentAddress"))), .init("agentName", .string((name ?? "") + expiry)),
                .init("nonce", .integer(nonce)),
            ], network)
    }

    /// Lets `builder` add up to `maximumFee` to the account's orders; zero takes it back.
    /// - Parameter maximumFee: tenths of a basis point (10 = 0.01 %).
    public static func approveBuilderFee(
        _ builder: String, maximumFee: Int, nonce: UInt64, network: Network
    ) throws(SigningError) -> JSON {
        guard (0...1_000).contains(maximumFee) else {
            throw SigningError(field: "maxFeeRate", problem: "\(maximumFee) tenths of a basis point are not within 0 and 1000")
        }
        // A tenth of a basis point is 0.001 %.
        let percent = Notional(e8: Int64(maximumFee) * 100_000).description + "%"
        return action(
            .approveBuilderFee,
            [
                .init("maxFeeRate", .string(percent)), .init("builder", .string(try address(builder, "builder"))),
                .init("nonce", .integer(nonce)),
            ], network)
    }

    /// Sends USDC from the account's perpetuals to another address.
    /// - Parameters:
    ///   - amount: above zero, at most six decimals.
    ///   - time: the nonce, milliseconds since 1970.
    public static func usdSend(to destination: String, amount: Notional, time: UInt64, network: Network) throws(SigningError) -> JSON {
        guard amount > .zero else { throw SigningError(field: "amount", problem: "\(amount) is not above zero") }
        _ = try USDCAmount.millionths(amount, field: "amount")
        return action(
            .usdSend,
            [
                .init("destination", .string(try address(destination, "destination"))), .init("amount", .string(amount.description)),
                .init("time", .integer(time)),
            ], network)
    }

    private static func action(_ type: PrimaryType, _ members: [JSON.Member], _ network: Network) -> JSON {
        .object(
            [.init("type", .string(type.actionType))] + members + [
                .init("signatureChainId", .string(signatureChainID)), .init("hyperliquidChain", .string(network.chainName)),
            ])
    }

    /// In lower case, as the exchange hashes a destination as it stands.
    private static func address(_ text: String, _ field: String) throws(SigningError) -> String {
        do { _ = try AddressBytes.of(text) } catch { throw error.inside(field) }
        return text.lowercased()
    }
}
