import JSON

extension InfoRequest where Answer == [FundingEvent] {
    /// At most 500 payments, oldest first; ``ExchangeClient/fundingPayments(_:from:to:)`` pages through all.
    public static func userFunding(_ user: String, from: Int64, to: Int64? = nil) -> Self {
        Self("userFunding", [("user", .string(user)), ("startTime", .integer(from)), ("endTime", .integer(orNone: to))]) {
            answer throws(JSONError) in try answer.map(FundingEvent.init(item:))
        }
    }
}

extension InfoRequest where Answer == [LedgerEvent] {
    /// At most 500 updates, oldest first; ``ExchangeClient/ledgerUpdates(_:from:to:)`` pages through all.
    public static func userNonFundingLedgerUpdates(_ user: String, from: Int64, to: Int64? = nil) -> Self {
        Self("userNonFundingLedgerUpdates", [("user", .string(user)), ("startTime", .integer(from)), ("endTime", .integer(orNone: to))]) {
            answer throws(JSONError) in try answer.map(LedgerEvent.init(json:))
        }
    }
}

extension ExchangeClient {
    /// Every funding payment from `from` to `to` (milliseconds since 1970), oldest first.
    public func fundingPayments(_ user: String, from: Int64, to: Int64? = nil) async throws(InfoError) -> [FundingEvent] {
        let paging = TimePaging(
            from: from, pageSize: PageSize.updates, time: { (payment: FundingEvent) in payment.time },
            key: { [$0.coin.text, "\($0.time)"] })
        return try await readAll(paging) { .userFunding(user, from: $0, to: to) }
    }

    /// Every deposit, withdrawal, transfer, … from `from` to `to` (milliseconds since 1970), oldest first.
    public func ledgerUpdates(_ user: String, from: Int64, to: Int64? = nil) async throws(InfoError) -> [LedgerEvent] {
        // One transaction can make several updates.
        let paging = TimePaging(
            from: from, pageSize: PageSize.updates, time: { (update: LedgerEvent) in update.time },
            key: { [$0.hash, "\($0.time)", $0.delta.text()] })
        return try await readAll(paging) { .userNonFundingLedgerUpdates(user, from: $0, to: to) }
    }
}
