import CopyTrading
import JSON
import RedisStreams

/// The domain's records as stream entries: the few fields an operator reads, and the record itself in `data`.
extension Emission {
    public init(job: ExecutionJob, partition: Int) {
        self.init(
            StreamPartition(.jobs, partition), id: job.id.text, owner: ("subscriber", job.subscriber.text), coin: job.coin.text,
            action: "\(job.action.rawValue) \(job.side.rawValue)", trace: job.signal.text, data: job.json.bytes())
    }

    init(result: ExecutionResult, partition: Int) {
        self.init(
            StreamPartition(.results, partition), id: result.job.text, owner: ("subscriber", result.subscriber.text),
            coin: result.coin.text, action: "\(result.action.rawValue) \(result.outcome.rawValue)", trace: result.signal.text,
            data: result.json.bytes())
    }
}

extension Emission {
    init(event: AccountEvent, partition: Int) {
        self.init(
            StreamPartition(.accountEvents, partition), id: event.id, owner: ("subscriber", event.subscriber.text), coin: event.coin?.text ?? "-",
            action: event.kind.rawValue, trace: event.subscription?.text ?? event.account.text, data: event.json.bytes())
    }
}

extension StreamEntry {
    /// The record in `data`; an error names what is wrong with it.
    func record<Record>(_ decode: (JSON) throws(JSONError) -> Record) throws(JSONError) -> Record {
        if let problem = oversize { throw JSONError(path: "entry", problem: problem) }
        if let name = repeatedField { throw JSONError(path: name, problem: "there more than once") }
        guard let data = bytes("data") else { throw JSONError(path: "data", problem: "missing") }
        let json: JSON
        do { json = try JSON.parse(data) } catch { throw JSONError(path: "data", problem: error.description) }
        return try decode(json)
    }
}

/// Stage|coin state is kept under `<subscription>|<coin>`.
public struct HoldingKey: Hashable, Sendable {
    public let subscription: SubscriptionID
    public let coin: Coin

    public var field: String { "\(subscription.text)|\(coin.text)" }

    public init(_ subscription: SubscriptionID, _ coin: Coin) {
        self.subscription = subscription
        self.coin = coin
    }

    /// `nil` when the field was not written by ``field``.
    public init?(field: String) {
        guard let bar = field.lastIndex(of: "|") else { return nil }
        self.init(SubscriptionID(String(field[..<bar])), Coin(String(field[field.index(after: bar)...])))
    }
}
