/// One frame or answer of the exchange as it came, with what it is found by.
public struct RawFrame: Sendable, Equatable {
    /// Microseconds since 1970, by this machine's clock.
    public var receivedAt: Int64
    /// `socket-0`, `socket-1`, …, or `rest`.
    public var origin: String
    /// `userFills`, `trades`, `clearinghouseState`, …
    public var channel: String
    /// The followed leaders it is about, lower-case addresses.
    public var users: [String]
    /// When it is about one.
    public var coin: String?
    public var bytes: [UInt8]

    public init(receivedAt: Int64, origin: String, channel: String, users: [String], coin: String? = nil, bytes: [UInt8]) {
        self.receivedAt = receivedAt
        self.origin = origin
        self.channel = channel
        self.users = users
        self.coin = coin
        self.bytes = bytes
    }
}

/// Frames that were received and could not be kept.
public struct RawFrameGap: Sendable, Equatable {
    /// Receive times of the first and the last, microseconds since 1970.
    public var from: Int64
    public var to: Int64
    public var count: Int64
    public var reason: String

    public init(from: Int64, to: Int64, count: Int64, reason: String) {
        self.from = from
        self.to = to
        self.count = count
        self.reason = reason
    }
}
