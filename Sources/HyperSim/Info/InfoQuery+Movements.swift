import CopyTrading
import JSON

/// Funding and the other movements of an account's money.
extension InfoQuery {
    static let movementsPerAnswer = 500

    func fundingPayments(to writer: inout WireWriter) throws(JSONError) -> Int {
        let period = try period(start: 0)
        let payments = (try account())?.fundings.kept.filter { period.contains($0.time) } ?? []
        return writer.array(payments.prefix(Self.movementsPerAnswer)) { writer, payment in
            writer.json(["time": .integer(payment.time), "hash": .string(Fill.zeroHash), "delta": payment.delta])
        }
    }

    /// Published clients ask without a `startTime` too.
    func ledgerUpdates(to writer: inout WireWriter) throws(JSONError) -> Int {
        let period = try period(start: 0)
        let updates = (try account())?.ledgerUpdates.kept.filter { period.contains($0.time) } ?? []
        return writer.array(updates.prefix(Self.movementsPerAnswer)) { writer, update in writer.json(update.json) }
    }
}

extension FundingPayment {
    private var members: [JSON.Member] {
        [
            .init("coin", .string(coin)), .init("usdc", .decimal(amount)), .init("szi", .decimal(position)),
            .init("fundingRate", .decimal(rate)), .init("nSamples", nil),
        ]
    }

    /// As in userFunding.
    var delta: JSON { .object([.init("type", "funding")] + members) }
    /// As in the channels, which have the time beside the rest.
    var event: JSON { .object([.init("time", .integer(time))] + members) }
}

extension LedgerUpdate {
    var json: JSON { ["time": .integer(time), "hash": .string(hash), "delta": delta] }
}
