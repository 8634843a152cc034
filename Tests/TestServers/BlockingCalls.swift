import Dispatch

/// A thread for calls that block, so that they never hold one of the cooperative pool.
public final class BlockingCalls: TaskExecutor {
    private static let shared = BlockingCalls()
    private let queue = DispatchQueue(label: "blocking-calls", attributes: .concurrent)

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs `body` there.
    public static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withTaskExecutorPreference(shared) { try await body() }
    }
}
