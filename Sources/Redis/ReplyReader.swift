import CHiredis

/// Reads replies within bounds that hiredis does not have: of the bytes of one, of the elements that an array announces, and of the time
/// from the first wait to its end. A server that sends a byte now and then, or one that never stops sending, would hold a role for ever.
enum ReplyReader {
    /// Largest reply, bytes. A batch of 256 of the largest entries is below 32 MiB.
    static let maximumBytes = 256 << 20
    /// Elements of one array; room for them is set aside before they arrive.
    static let maximumElements: Int32 = 1 << 22

    enum Outcome {
        /// The caller frees it.
        case reply(UnsafeMutableRawPointer)
        /// The context says why.
        case broken
        case refused(String)
    }

    /// - Parameter timeout: for each read, by the context's own setting, and for the whole reply: it ends within twice as long.
    static func next(_ context: UnsafeMutablePointer<redisContext>, within timeout: Duration) -> Outcome {
        context.pointee.reader.pointee.fn = bounded
        if let outcome = parsed(context) { return outcome }
        var isSent: Int32 = 0
        while isSent == 0 { guard redisBufferWrite(context, &isSent) == REDIS_OK else { return .broken } }
        let deadline = ContinuousClock.now + timeout
        var bytes = 0
        while true {
            // nothing is taken out of the buffer while it is read into
            let before = context.pointee.reader.pointee.len
            guard redisBufferRead(context) == REDIS_OK else { return .broken }
            bytes += Int(context.pointee.reader.pointee.len) - Int(before)
            if let outcome = parsed(context) { return outcome }
            guard bytes <= maximumBytes else { return .refused("a reply of more than \(maximumBytes >> 20) MiB") }
            guard ContinuousClock.now < deadline else { return .refused("no whole answer within \(timeout)") }
        }
    }

    /// A reply that has arrived already.
    private static func parsed(_ context: UnsafeMutablePointer<redisContext>) -> Outcome? {
        var reply: UnsafeMutableRawPointer?
        guard redisGetReplyFromReader(context, &reply) == REDIS_OK else { return .broken }
        return reply.map { .reply($0) }
    }

    /// The library's own makers of replies, which it keeps to itself.
    nonisolated(unsafe) private static let standard: redisReplyObjectFunctions = {
        guard let reader = redisReaderCreate() else { preconditionFailure("no memory for a reader") }
        defer { redisReaderFree(reader) }
        return reader.pointee.fn.pointee
    }()

    /// They, but no array larger than ``maximumElements``: the library then ends the connection. Lives as long as the process.
    nonisolated(unsafe) private static let bounded: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(to: standard)
        functions.pointee.createArray = { task, count in
            count <= ReplyReader.maximumElements ? ReplyReader.standard.createArray(task, count) : nil
        }
        return functions
    }()
}
