/// One command, its arguments already in the wire's form (RESP bulk strings), so that building and sending cost one buffer.
public struct RedisCommand: Sendable {
    private(set) var body: [UInt8] = []
    private(set) var count = 0
    /// Set for a call of a Lua script; the connection puts `EVALSHA` and the digest in front.
    package var script: RedisScript?
    var scriptKeyCount = 0

    public init(_ parts: String...) { self.init(parts) }

    public init(_ parts: [String]) {
        for part in parts { append(part) }
    }

    /// A call of `script` with `keys`; arguments follow by ``append(_:)-swift.method``.
    public init(script: RedisScript, keys: [String]) {
        self.script = script
        scriptKeyCount = keys.count
        body.reserveCapacity(512)
        for key in keys { append(key) }
    }

    public mutating func append(_ argument: String) {
        var argument = argument
        argument.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    public mutating func append(_ argument: [UInt8]) {
        argument.withUnsafeBytes { append($0) }
    }

    public mutating func append(_ argument: some BinaryInteger) { append(String(argument)) }

    private mutating func append(_ argument: UnsafeRawBufferPointer) {
        count += 1
        RedisCommand.header(UInt8(ascii: "$"), argument.count, into: &body)
        body.append(contentsOf: argument)
        body.append(0x0D)
        body.append(0x0A)
    }

    static func header(_ mark: UInt8, _ number: Int, into output: inout [UInt8]) {
        output.append(mark)
        output.append(contentsOf: String(number).utf8)
        output.append(0x0D)
        output.append(0x0A)
    }

    /// - Parameter digest: of the script, for a script call.
    package func wire(digest: String?) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(body.count + 96)
        guard let digest else {
            Self.header(UInt8(ascii: "*"), count, into: &output)
            output.append(contentsOf: body)
            return output
        }
        Self.header(UInt8(ascii: "*"), count + 3, into: &output)
        for part in ["EVALSHA", digest, String(scriptKeyCount)] {
            Self.header(UInt8(ascii: "$"), part.utf8.count, into: &output)
            output.append(contentsOf: part.utf8)
            output.append(0x0D)
            output.append(0x0A)
        }
        output.append(contentsOf: body)
        return output
    }
}

/// A Lua script by name. The server keeps it by digest; a connection loads it on first use and again when the server forgot it.
public struct RedisScript: Sendable, Hashable {
    public let name: String
    public let source: String

    public init(name: String, source: String) {
        self.name = name
        self.source = source
    }

    public static func == (a: RedisScript, b: RedisScript) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
