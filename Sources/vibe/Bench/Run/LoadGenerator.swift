import Foundation
import Pipeline
import Synchronization

/// Publishes leaders' fills at the simulated exchange on a schedule, from a thread of its own.
///
/// Open loop: a fill goes out when it is due, however far behind the fleet is, and what is late is sent at once and counted from when
/// it was due. Only an exchange that leaves more than ``window`` requests unanswered makes the generator wait.
final class LoadGenerator: Sendable {
    struct Outcome: Sendable {
        /// Longest time between a fill's moment and the write of its request, microseconds.
        var longestDelay: Int64 = 0
    }

    /// Requests without an answer; the simulated exchange reads no more than 512 ahead.
    private static let window = 256
    /// Fills due within so many microseconds go out together.
    private static let grain: Int64 = 500
    private static let answerTimeout = 10_000

    private let schedule: LoadSchedule
    private let port: Int
    private let sent = Atomic(0)
    private let isStopped = Atomic(false)

    init(_ schedule: LoadSchedule, port: Int) {
        self.schedule = schedule
        self.port = port
    }

    /// Fills published so far.
    var progress: Int { sent.load(ordering: .relaxed) }

    /// Returns when every fill was published and confirmed; cancelling ends it early.
    func run() async throws -> Outcome {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let thread = Thread { continuation.resume(with: Result { try self.play() }) }
                thread.name = "load"
                thread.start()
            }
        } onCancel: {
            isStopped.store(true, ordering: .relaxed)
        }
    }

    private func play() throws -> Outcome {
        let socket = try ControlSocket(port: port)
        var outcome = Outcome()
        var next = schedule.fills.lowerBound
        var requests: [UInt8] = []
        while next < schedule.fills.upperBound {
            guard !isStopped.load(ordering: .relaxed) else { throw CancellationError() }
            let now = WallClock.microseconds
            requests.removeAll(keepingCapacity: true)
            var count = 0
            while next < schedule.fills.upperBound, schedule.due(next) <= now, socket.unanswered + count < Self.window {
                outcome.longestDelay = max(outcome.longestDelay, now - schedule.due(next))
                ControlSocket.append(schedule.fill(next).body, to: &requests)
                next += 1
                count += 1
            }
            if count > 0 { try socket.send(requests, count: count) }
            sent.store(next - schedule.fills.lowerBound, ordering: .relaxed)
            try socket.receive(waitingMilliseconds: socket.unanswered >= Self.window ? Self.answerTimeout : 0)
            guard next < schedule.fills.upperBound else { break }
            let pause = max(Self.grain, schedule.due(next) - WallClock.microseconds)
            // never longer than it takes to notice that it should stop
            if socket.unanswered < Self.window { usleep(UInt32(min(pause, 50_000))) }
        }
        while socket.unanswered > 0 { try socket.receive(waitingMilliseconds: Self.answerTimeout) }
        return outcome
    }
}
