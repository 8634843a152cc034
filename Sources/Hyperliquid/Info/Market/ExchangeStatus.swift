import CopyTrading
import JSON

/// The exchange's clock, and whether it announces anything out of the ordinary.
public struct ExchangeStatus: Sendable, Equatable {
    /// Milliseconds since 1970.
    public var time: Int64
    /// `nil` in ordinary times; the shape of the rest is not documented.
    public var specialStatuses: JSON?

    init(json: JSON) throws(JSONError) {
        time = try json.milliseconds("time")
        specialStatuses = json["specialStatuses"]
    }
}

extension InfoRequest where Answer == ExchangeStatus {
    public static func exchangeStatus() -> Self { Self("exchangeStatus", decode: ExchangeStatus.init(json:)) }
}
