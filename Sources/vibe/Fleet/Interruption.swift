import UnixSignals

/// Runs work that Ctrl-C, SIGTERM or the closing of the terminal ends.
enum Interruption {
    /// - Parameter cleanUp: done after the work in every case.
    /// - Throws: ``Failure`` of kind `.interrupted` when a signal cancelled the work, else what the work threw; when both have ended.
    static func guarded<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value, cleanUp: @Sendable () async -> Void
    ) async throws -> Value {
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await guarded(work)) } catch { outcome = .failure(error) }
        await cleanUp()
        return try outcome.get()
    }

    /// As above, without anything to clean up.
    static func guarded<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in signals { throw Failure(.interrupted, "interrupted") }
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }
}
