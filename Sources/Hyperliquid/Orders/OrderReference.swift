import JSON

/// Which order is meant: by the exchange's id or by ours.
public enum OrderReference: Sendable, Hashable {
    case oid(Int64)
    /// `0x` and 32 digits; sent in lower case, in which the exchange hashes it.
    case cloid(String)

    /// A number or a string, as the member `oid` takes both.
    var json: JSON {
        switch self {
        case .oid(let id): .integer(id)
        case .cloid(let id): .string(id.lowercased())
        }
    }
}
