import CopyTrading
import JSON

/// The attempt journal's record of one order: written before the order, removed with its result. A successor that finds it knows
/// what may have been sent, settles that, and continues from the position as it was before.
struct AttemptRecord: Sendable, Equatable {
    /// Of an attempt that Redis has forgotten: who sent it is not known any more.
    static let unknownEpoch = "0"

    var job: JobID
    var entry: String
    var cloid: ClientOrderID
    var attempt: Int
    var account: AccountID
    var subscriber: SubscriberID
    var subscription: SubscriptionID
    var coin: Coin
    var nonce: Int64
    /// The agent that signed, whose nonce it is; `nil` in a record of an older program.
    var signer: String?
    /// Milliseconds since 1970; `nil` for an action without expiry.
    var expiresAfter: Int64?
    /// Connection id of the action: what was signed.
    var payloadHash: String
    var epoch: String
    /// Microseconds since 1970.
    var preparedAt: Int64
    var intent: OrderIntent
    /// The sleeve before this attempt, with what earlier attempts of the job traded.
    var sleeve: Sleeve
    var filledBefore: Size
    var averageBefore: Price?

    var json: JSON {
        [
            "job": .string(job.text), "entry": .string(entry), "cloid": .string(cloid.text), "attempt": .integer(attempt),
            "account": .string(account.text), "subscriber": .string(subscriber.text), "subscription": .string(subscription.text),
            "coin": .string(coin.text), "nonce": .integer(nonce), "signer": .string(orNull: signer), "expiresAfter": expiresAfter.map { .integer($0) } ?? .null,
            "hash": .string(payloadHash), "epoch": .string(epoch), "preparedUs": .integer(preparedAt), "side": .string(intent.side.rawValue),
            "sz": .string("\(intent.size)"), "limitPx": .string("\(intent.limit)"), "reduceOnly": .bool(intent.reduceOnly),
            "snapClose": .bool(intent.isSnapClose), "owed": .string("\(intent.owed)"), "remainder": .string("\(intent.remainder)"),
            "residue": .string("\(intent.residue)"), "correctsK": .bool(intent.correctsK), "clips": intent.clips.json, "detail": .string(orNull: intent.detail),
            "sleeve": sleeve.json, "filledBefore": .string("\(filledBefore)"), "avgBefore": .string(orNull: averageBefore?.description),
        ]
    }

    init(
        job: JobID, entry: String, cloid: ClientOrderID, attempt: Int, account: AccountID, subscriber: SubscriberID,
        subscription: SubscriptionID, coin: Coin, nonce: Int64, signer: String? = nil, expiresAfter: Int64?, payloadHash: String, epoch: String,
        preparedAt: Int64, intent: OrderIntent, sleeve: Sleeve, filledBefore: Size, averageBefore: Price?
    ) {
        self.job = job
        self.entry = entry
        self.cloid = cloid
        self.attempt = attempt
        self.account = account
        self.subscriber = subscriber
        self.subscription = subscription
        self.coin = coin
        self.nonce = nonce
        self.signer = signer
        self.expiresAfter = expiresAfter
        self.payloadHash = payloadHash
        self.epoch = epoch
        self.preparedAt = preparedAt
        self.intent = intent
        self.sleeve = sleeve
        self.filledBefore = filledBefore
        self.averageBefore = averageBefore
    }

    /// Far more than any job makes; a worker keeps an epoch for each.
    static let attempts: ClosedRange<Int64> = 0...10_000

    init(json: JSON) throws(JSONError) {
        self.init(
            job: JobID(try json.string("job")), entry: try json.string("entry"), cloid: ClientOrderID(try json.string("cloid")),
            attempt: Int(try json.integer("attempt", Self.attempts)), account: AccountID(try json.string("account")),
            subscriber: SubscriberID(try json.string("subscriber")), subscription: SubscriptionID(try json.string("subscription")),
            coin: Coin(try json.string("coin")), nonce: try json.milliseconds("nonce"),
            signer: try json.maybe("signer") { value throws(JSONError) in try value.asString() },
            expiresAfter: json["expiresAfter"] == nil ? nil : try json.milliseconds("expiresAfter"),
            payloadHash: try json.string("hash"), epoch: try json.string("epoch"), preparedAt: try json.microseconds("preparedUs"),
            intent: OrderIntent(
                side: try json.choice("side"), size: try json.decimal("sz"), limit: try json.decimal("limitPx"),
                reduceOnly: try json.bool("reduceOnly"), isSnapClose: try json.bool("snapClose"), owed: try json.decimal("owed"),
                remainder: try json.maybeDecimal("remainder") ?? .zero, residue: try json.maybeDecimal("residue") ?? .zero,
                correctsK: try json.maybe("correctsK") { value throws(JSONError) in try value.asBool() } ?? false,
                clips: try [Clip](member: "clips", of: json),
                detail: try json.maybe("detail") { value throws(JSONError) in try value.asString() }),
            sleeve: try json.at("sleeve", Sleeve.init(json:)), filledBefore: try json.decimal("filledBefore"),
            averageBefore: try json.maybeDecimal("avgBefore"))
    }
}
