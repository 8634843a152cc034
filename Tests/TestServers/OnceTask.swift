/// A value made by the first who asks; the others wait for it, and share its error too.
actor OnceTask<Value: Sendable> {
    private var task: Task<Value, any Error>?

    func value(_ make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        if let task { return try await task.value }
        let task = Task { try await make() }
        self.task = task
        return try await task.value
    }
}
