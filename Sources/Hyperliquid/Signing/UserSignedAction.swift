import JSON

/// Actions that only the account's owner may sign: EIP-712 over the action's own fields, domain "HyperliquidSignTransaction" with the
/// action's `signatureChainId`.
public enum UserSignedAction {
    static let typePrefix = "HyperliquidTransaction:"
    static let domainName = "HyperliquidSignTransaction"

    /// The EIP-712 struct types, by their name after `HyperliquidTransaction:`.
    public enum PrimaryType: String, Sendable, CaseIterable {
        case usdSend = "UsdSend"
        case withdraw = "Withdraw"
        case spotSend = "SpotSend"
        case usdClassTransfer = "UsdClassTransfer"
        case sendAsset = "SendAsset"
        case approveAgent = "ApproveAgent"
        case approveBuilderFee = "ApproveBuilderFee"
        case userSetAbstraction = "UserSetAbstraction"
        case userDexAbstraction = "UserDexAbstraction"
        case tokenDelegate = "TokenDelegate"
        case convertToMultiSigUser = "ConvertToMultiSigUser"

        /// The `type` of the action that is signed as this.
        public var actionType: String {
            switch self {
            case .withdraw: "withdraw3"
            default: rawValue.prefix(1).lowercased() + rawValue.dropFirst()
            }
        }

        /// - Parameter actionType: the `type` of an action; `nil` when that action is not user-signed.
        public init?(actionType: String) {
            guard let match = PrimaryType.allCases.first(where: { $0.actionType == actionType }) else { return nil }
            self = match
        }

        /// - Parameter typeName: with or without `HyperliquidTransaction:`.
        public init?(typeName: String) {
            let name = typeName.hasPrefix(typePrefix) ? String(typeName.dropFirst(typePrefix.count)) : typeName
            self.init(rawValue: name)
        }

        /// The action's member that repeats the envelope's nonce.
        public var nonceField: String { hashedFields.last { $0.type == "uint64" }!.name }

        /// What is hashed after `hyperliquidChain`, in this order; further members of the action are not.
        var hashedFields: [TypedData.Field] {
            switch self {
            case .usdSend, .withdraw: [.init("destination", "string"), .init("amount", "string"), .init("time", "uint64")]
            case .spotSend:
                [.init("destination", "string"), .init("token", "string"), .init("amount", "string"), .init("time", "uint64")]
            case .usdClassTransfer: [.init("amount", "string"), .init("toPerp", "bool"), .init("nonce", "uint64")]
            case .sendAsset:
                [
                    .init("destination", "string"), .init("sourceDex", "string"), .init("destinationDex", "string"),
                    .init("token", "string"), .init("amount", "string"), .init("fromSubAccount", "string"), .init("nonce", "uint64"),
                ]
            case .approveAgent: [.init("agentAddress", "address"), .init("agentName", "string"), .init("nonce", "uint64")]
            case .approveBuilderFee: [.init("maxFeeRate", "string"), .init("builder", "address"), .init("nonce", "uint64")]
            case .userSetAbstraction: [.init("user", "address"), .init("abstraction", "string"), .init("nonce", "uint64")]
            case .userDexAbstraction: [.init("user", "address"), .init("enabled", "bool"), .init("nonce", "uint64")]
            case .tokenDelegate:
                [.init("validator", "address"), .init("wei", "uint64"), .init("isUndelegate", "bool"), .init("nonce", "uint64")]
            case .convertToMultiSigUser: [.init("signers", "string"), .init("nonce", "uint64")]
            }
        }
    }

    /// The 32 bytes that are signed for `action`, whose `type` names what it is.
    public static func digest(action: JSON) throws(SigningError) -> [UInt8] {
        try digest(action: action, as: primaryType(of: action))
    }

    /// - Parameter action: its `type` may be missing; every hashed field must be there, except the `agentName` of an unnamed agent,
    ///   which is signed as `""` and left out of the posted action.
    public static func digest(action: JSON, as type: PrimaryType) throws(SigningError) -> [UInt8] {
        var values = action
        if type == .approveAgent, action["agentName"] == nil, case .object(let members) = action {
            values = .object(members + [JSON.Member("agentName", "")])
        }
        let fields = [TypedData.Field("hyperliquidChain", "string")] + type.hashedFields
        do {
            let hash = try TypedData.structHash(typeName: typePrefix + type.rawValue, fields: fields, values: values)
            return TypedData.digest(domainSeparator: try domainSeparator(of: action), structHash: hash)
        } catch {
            throw error.inside("action")
        }
    }

    static func primaryType(of action: JSON) throws(SigningError) -> PrimaryType {
        guard case .string(let name)? = action["type"] else { throw SigningError(field: "action.type", problem: "missing") }
        guard let type = PrimaryType(actionType: name) else {
            throw SigningError(field: "action.type", problem: "\"\(name)\" is not a user-signed action")
        }
        return type
    }

    private static func domainSeparator(of action: JSON) throws(SigningError) -> [UInt8] {
        guard case .string(let text)? = action["signatureChainId"], text.hasPrefix("0x"), let chain = UInt64(text.dropFirst(2), radix: 16)
        else { throw SigningError(field: "signatureChainId", problem: "expected a chain id such as \"0x66eee\"") }
        return TypedData.domainSeparator(name: domainName, chainID: chain)
    }
}
