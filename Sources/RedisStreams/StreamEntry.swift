import Redis

/// One entry of a stream as delivered to a consumer.
public struct StreamEntry: Sendable {
    /// `<ms>-<seq>`.
    public let id: String
    /// Any bytes, as Redis has them.
    public let fields: [(name: [UInt8], value: [UInt8])]
    /// How often the entry had been delivered before.
    public let deliveries: Int

    public init(id: String, fields: [(name: [UInt8], value: [UInt8])], deliveries: Int = 0) {
        self.id = id
        self.fields = fields
        self.deliveries = deliveries
    }

    public func bytes(_ name: String) -> [UInt8]? { fields.first { $0.name.elementsEqual(name.utf8) }?.value }
    public func text(_ name: String) -> String? { bytes(name).map { String(decoding: $0, as: UTF8.self) } }

    /// The largest entry that a stage reads. The fleet's own are a few kilobytes; one that tells of a thousand composed requests has 40.
    public static let maximumBytes = 128 << 10
    /// The most fields of an entry that a stage reads. The fleet's own have seven.
    public static let maximumFields = 64

    /// Of all names and values.
    public var size: Int { fields.reduce(0) { $0 + $1.name.count + $1.value.count } }
    public var isOversized: Bool { fields.count > Self.maximumFields || size > Self.maximumBytes }
    /// The last millisecond of the year 9999. Redis takes ids from its clock; a later one was made by hand.
    static let latest: Int64 = 253_402_300_799_999

    /// Redis time at which the entry was added, milliseconds.
    public var milliseconds: Int64 { min(max(Int64(id.prefix { $0 != "-" }) ?? 0, 0), Self.latest) }
    public var sequence: Int64 { id.firstIndex(of: "-").flatMap { Int64(id[id.index(after: $0)...]) } ?? 0 }

    /// Reads `[id, [name, value, …]]` or `[id, [name, value, …], deliveries]`.
    init(_ value: RedisValue) throws(RedisError) {
        guard let parts = value.array, parts.count >= 2, let id = parts[0].text, let flat = parts[1].array, flat.count.isMultiple(of: 2)
        else { throw .unexpectedReply("a stream entry: \(value)") }
        var fields: [(name: [UInt8], value: [UInt8])] = []
        fields.reserveCapacity(flat.count / 2)
        for index in stride(from: 0, to: flat.count, by: 2) {
            fields.append((name: flat[index].bytes ?? [], value: flat[index + 1].bytes ?? []))
        }
        self.init(id: id, fields: fields, deliveries: parts.count > 2 ? Int(Int32(clamping: parts[2].integer ?? 0)) : 0)
    }

    static func list(_ value: RedisValue) throws(RedisError) -> [StreamEntry] {
        guard let items = value.array else { return [] }
        var entries: [StreamEntry] = []
        entries.reserveCapacity(items.count)
        for item in items { entries.append(try StreamEntry(item)) }
        return entries
    }
}

/// An entry to be added to a stream; the script adds `seq` in front.
public struct Emission: Sendable {
    public let partition: StreamPartition
    public let fields: [(name: String, value: [UInt8])]

    public init(_ partition: StreamPartition, _ fields: [(name: String, value: [UInt8])]) {
        self.partition = partition
        self.fields = fields
    }

    /// The few fields an operator reads in `redis-cli`, and one JSON field for the rest.
    public init(
        _ partition: StreamPartition, id: String, owner: (name: String, value: String), coin: String, action: String, trace: String,
        data: [UInt8]
    ) {
        self.init(
            partition,
            [
                ("id", Array(id.utf8)), (owner.name, Array(owner.value.utf8)), ("coin", Array(coin.utf8)), ("action", Array(action.utf8)),
                ("trace", Array(trace.utf8)), ("data", data),
            ])
    }
}

/// What becomes of an entry; carried out by one script.
public enum Completion: Sendable {
    case handOff(HandOff)
    case fanOut(FanOutChunk)
    case acknowledge(entry: String)

    var entry: String {
        switch self {
        case .handOff(let handOff): handOff.entry
        case .fanOut(let chunk): chunk.entry
        case .acknowledge(let entry): entry
        }
    }
}

/// The entry is done: acknowledge it, add what it led to, and store what was decided, all or nothing.
public struct HandOff: Sendable {
    public var entry: String
    public var emissions: [Emission]
    /// Fields of the stage's state hash; `nil` deletes.
    public var state: [(field: String, value: [UInt8]?)]
    /// Jobs whose record leaves the attempt journal.
    public var settled: [String]

    public init(entry: String, emissions: [Emission], state: [(field: String, value: [UInt8]?)] = [], settled: [String] = []) {
        self.entry = entry
        self.emissions = emissions
        self.state = state
        self.settled = settled
    }
}

/// At most 256 of a signal's requests; the last chunk acknowledges the signal.
public struct FanOutChunk: Sendable {
    public var entry: String
    public var cursor: Int
    public var next: Int
    public var isLast: Bool
    public var configVersion: Int64
    /// Made when they are sent: a leader's backlog times its followers would not fit into memory.
    public var emissions: [Emission] { make() }
    private let make: @Sendable () -> [Emission]

    public init(entry: String, cursor: Int, next: Int, isLast: Bool, configVersion: Int64, emissions: @autoclosure @escaping @Sendable () -> [Emission]) {
        self.entry = entry
        self.cursor = cursor
        self.next = next
        self.isLast = isLast
        self.configVersion = configVersion
        make = emissions
    }
}

extension RedisCommand {
    /// An entry's fields as scripts read them: how many strings follow, then name and value of each.
    mutating func append(fields: [(name: String, value: [UInt8])]) {
        append(fields.count * 2)
        for (name, value) in fields {
            append(name)
            append(value)
        }
    }
}
