/// "User or API Wallet 0x… does not exist.": the exchange knows nobody of the address that it recovered from the signature. Over
/// other bytes than were signed a signature recovers to some other address, so the text alone does not tell an agent that is gone from
/// a fault of ours; its address does.
public enum SignerRefusal: Sendable, Equatable {
    /// The signature was read as it was made: the agent has expired or was deregistered.
    case agentUnknown(String)
    /// The exchange hashed something else than was signed: an encoding fault, or another network than is set.
    case signatureMismatch(recovered: String, agent: String)

    /// - Parameters:
    ///   - text: of the exchange.
    ///   - agent: address of the key that signed.
    /// - Returns: `nil` when the text is about something else.
    public init?(text: String, agent: String) {
        guard let recovered = Self.recovered(in: text) else { return nil }
        let agent = agent.lowercased()
        self = recovered == agent ? .agentUnknown(agent) : .signatureMismatch(recovered: recovered, agent: agent)
    }

    /// The address that the exchange recovered, `0x` and 40 lower-case digits.
    static func recovered(in text: String) -> String? {
        let lowered = text.lowercased()
        guard let part = lowered.firstRange(of: ErrorText.unknownWallet) else { return nil }
        return lowered[part.upperBound...].firstMatch(of: /\b0x[0-9a-f]{40}\b/).map { String($0.output) }
    }
}

extension SignerRefusal: CustomStringConvertible {
    /// What happened and what to do, for the people who run the fleet.
    public var description: String {
        switch self {
        case .agentUnknown(let agent):
            "the exchange does not know agent \(agent) any more: it has expired or was deregistered; let the account approve a new agent, "
                + "never this one again, and apply its key"
        case .signatureMismatch(let recovered, let agent):
            "agent \(agent) signed, the exchange recovered \(recovered): it hashed something else than was signed; the agent may be fine, "
                + "compare the encoding of the action and the network"
        }
    }
}
