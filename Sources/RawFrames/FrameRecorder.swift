import Logging
import Postgres
import Synchronization

/// Keeps frames and declared gaps in Postgres, beside the path they come on: taking one is an append under a lock.
///
/// What it owes: whatever it took is written once, in order, or is part of a gap that is written. While Postgres is away everything
/// waits, within the bounds of the buffer.
public final class FrameRecorder: Sendable {
    public struct Configuration: Sendable {
        /// False: frames are not kept, gaps are.
        public var keepsFrames: Bool
        /// Frames that may wait, and their bytes.
        public var bufferedFrames: Int
        public var bufferedBytes: Int
        /// Of one transaction.
        var batchRecords = 2_000
        var batchBytes = 4 << 20
        var retryAfter = Duration.milliseconds(500)

        public init(keepsFrames: Bool = true, bufferedFrames: Int = 100_000, bufferedBytes: Int = 64 << 20) {
            self.keepsFrames = keepsFrames
            self.bufferedFrames = bufferedFrames
            self.bufferedBytes = bufferedBytes
        }
    }

    public struct Statistics: Sendable, Equatable {
        public var waiting: Int
        /// Frames that found no room, since the start.
        public var dropped: Int64
        public var written: Int64
    }

    private struct State {
        var buffer: RecordBuffer
        var written: Int64 = 0
        var isStopping = false
    }

    private let state: Mutex<State>
    private let store: RawFrameStore
    private let connection: PostgresConnection
    private let configuration: Configuration
    private let logger: Logger
    private let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - connection: used by this alone.
    ///   - source: this process, and this start of it.
    public init(connection: PostgresConnection, source: String, configuration: Configuration, logger: Logger) {
        state = Mutex(State(buffer: RecordBuffer(.init(frames: configuration.bufferedFrames, bytes: configuration.bufferedBytes))))
        store = RawFrameStore(source: source)
        self.connection = connection
        self.configuration = configuration
        self.logger = logger
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    public func keep(_ frame: @autoclosure () -> RawFrame) {
        guard configuration.keepsFrames else { return }
        let frame = frame()
        state.withLock { $0.buffer.add(frame) }
        bell.yield()
    }

    public func declare(_ gap: LeaderGap) {
        guard state.withLock({ $0.buffer.add(gap) }) else {
            logger.error(
                "leader.gap.unwritten",
                metadata: [
                    "influencer": "\(gap.influencer)", "coin": "\(gap.coin?.text ?? "all")", "from": "\(gap.from)", "to": "\(gap.to)",
                    "reason": "\(gap.reason.rawValue)", "handling": "\(gap.handling.rawValue)",
                ])
            return
        }
        bell.yield()
    }

    public var statistics: Statistics {
        state.withLock { Statistics(waiting: $0.buffer.count, dropped: $0.buffer.dropped, written: $0.written) }
    }

    /// Writes until cancelled or stopped.
    public func run() async {
        for await _ in rings {
            while let batch = nextBatch(), !Task.isCancelled {
                if await write(batch) { continue }
                if state.withLock({ $0.isStopping }) { return }
                try? await Task.sleep(for: configuration.retryAfter)  // ends early only when cancelled
            }
            if state.withLock({ $0.isStopping }) { return }
        }
    }

    /// Ends ``run()`` once everything is written, or at the first write that fails then.
    public func stop() {
        state.withLock { $0.isStopping = true }
        bell.yield()
    }

    private func nextBatch() -> [RecordBuffer.Numbered]? {
        let batch = state.withLock { $0.buffer.batch(records: configuration.batchRecords, bytes: configuration.batchBytes) }
        return batch.isEmpty ? nil : batch
    }

    /// Repeating is safe: what is stored already is known by its number.
    private func write(_ batch: [RecordBuffer.Numbered]) async -> Bool {
        do {
            try await store.write(batch, on: connection)
        } catch {
            let (waiting, dropped) = state.withLock { ($0.buffer.count, $0.buffer.dropped) }
            logger.error("frames.unwritten", metadata: ["error": "\(error)", "waiting": "\(waiting)", "dropped": "\(dropped)"])
            return false
        }
        state.withLock {
            $0.buffer.written(batch.count)
            $0.written += Int64(batch.count)
        }
        return true
    }
}
