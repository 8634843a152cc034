import Foundation
import Logging
import Synchronization

/// What the fleet's roles logged, kept for the message of a test that fails.
final class FleetLog: Sendable {
    private let lines = Mutex<[String]>([])
    private let start = ContinuousClock.now
    private static let kept = 4_000

    func logger(_ member: String) -> Logger {
        var logger = Logger(label: member) { _ in Handler(log: self, member: member) }
        logger.logLevel = .debug
        return logger
    }

    /// The newest lines, oldest first.
    func tail(_ count: Int = 80) -> String { lines.withLock { $0.filter { !$0.contains(" leader.event ") }.suffix(count).joined(separator: "\n") } }

    /// How many lines begin with `event` after their member.
    func count(_ event: String) -> Int { lines.withLock { lines in lines.count { $0.contains(" \(event) ") } } }

    private func add(_ line: String) {
        let time = (ContinuousClock.now - start) / .milliseconds(1)
        lines.withLock { lines in
            lines.append("\(Int(time)) ms \(line)")
            if lines.count > Self.kept { lines.removeFirst(lines.count - Self.kept) }
        }
    }

    private struct Handler: LogHandler {
        let log: FleetLog
        let member: String
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let pairs = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            log.add("\(member) \(event.level) \(event.message) " + pairs.joined(separator: " "))
        }
    }
}
