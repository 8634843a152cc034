import JSON

/// A named key that may trade for an account. The unnamed one is not listed by the exchange.
public struct ApprovedAgent: Sendable, Equatable {
    public var address: String
    public var name: String
    /// Milliseconds since 1970. The exchange lets an agent work on for some time after it.
    public var validUntil: Int64

    init(json: JSON) throws(JSONError) {
        address = try json.string("address").lowercased()
        name = try json.string("name")
        validUntil = try json.integer("validUntil")
    }
}

extension InfoRequest where Answer == [ApprovedAgent] {
    public static func extraAgents(_ user: String) -> Self {
        Self("extraAgents", [("user", .string(user))]) { answer throws(JSONError) in try answer.map(ApprovedAgent.init(json:)) }
    }
}

extension InfoRequest where Answer == Int {
    /// The fee the user lets `builder` charge, in tenths of a basis point; 0 when none is approved.
    public static func maxBuilderFee(_ user: String, builder: String) -> Self {
        Self("maxBuilderFee", [("user", .string(user)), ("builder", .string(builder))]) { answer throws(JSONError) in
            Int(try answer.asInteger())
        }
    }
}

extension InfoRequest where Answer == [String] {
    /// Addresses of the builders that may charge the user a fee.
    public static func approvedBuilders(_ user: String) -> Self {
        Self("approvedBuilders", [("user", .string(user))]) { answer throws(JSONError) in
            try answer.map { address throws(JSONError) in try address.asString().lowercased() }
        }
    }
}
