import CHiredis

/// A reply. Errors are values, so that in a pipeline each command gets its own.
public enum RedisValue: Sendable, Equatable {
    case null
    case integer(Int64)
    /// A bulk string; any bytes.
    case string([UInt8])
    case status(String)
    case array([RedisValue])
    case error(String)

    /// A string or status as text; bytes that are not UTF-8 are replaced.
    public var text: String? {
        switch self {
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let value): String(value)
        default: nil
        }
    }

    public var bytes: [UInt8]? {
        if case .string(let bytes) = self { return bytes }
        return nil
    }

    /// An integer, or a string that holds one.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .string(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    public var array: [RedisValue]? {
        if case .array(let values) = self { return values }
        return nil
    }

    /// A flat list of names and values, as HGETALL answers, by name.
    public var pairs: [String: RedisValue] {
        guard let list = array else { return [:] }
        var result: [String: RedisValue] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            if let name = list[index].text { result[name] = list[index + 1] }
        }
        return result
    }

    /// The answer of TIME in microseconds since 1970.
    public var serverTime: Int64? {
        guard let list = array, list.count == 2, let seconds = list[0].integer, let rest = list[1].integer else { return nil }
        return seconds * 1_000_000 + rest
    }

    public var isNull: Bool { self == .null }

    public var error: String? {
        if case .error(let text) = self { return text }
        return nil
    }

    /// The value, or its error thrown.
    public func checked() throws(RedisError) -> RedisValue {
        if case .error(let text) = self { throw .server(text) }
        return self
    }

    /// Copies a reply of hiredis; the caller still owns and frees it.
    init(copying reply: UnsafePointer<redisReply>) {
        switch reply.pointee.type {
        case REDIS_REPLY_STRING: self = .string(Self.bytes(reply))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = .integer(reply.pointee.integer)
        case REDIS_REPLY_ARRAY:
            var elements: [RedisValue] = []
            elements.reserveCapacity(Int(reply.pointee.elements))
            for index in 0..<Int(reply.pointee.elements) {
                elements.append(RedisValue(copying: UnsafePointer(reply.pointee.element[index]!)))
            }
            self = .array(elements)
        default: self = .null
        }
    }

    private static func bytes(_ reply: UnsafePointer<redisReply>) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len)))
    }
}

/// What went wrong, by what it means for the command.
public enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidEndpoint(String)
    /// Not connected: nothing was sent.
    case unavailable(String)
    /// The connection failed after sending: the commands may or may not have run.
    case unknownOutcome(String)
    /// The server answered with an error.
    case server(String)
    /// The server answered something this code does not expect.
    case unexpectedReply(String)

    public var description: String {
        switch self {
        case .invalidEndpoint(let text): "Redis address: \(text)"
        case .unavailable(let text): "Redis is not reachable: \(text)"
        case .unknownOutcome(let text): "Redis connection lost, outcome unknown: \(text)"
        case .server(let text): "Redis answered: \(text)"
        case .unexpectedReply(let text): "Redis gave an unexpected reply: \(text)"
        }
    }
}
