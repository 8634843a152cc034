import Foundation
import JSON
import Logging
import Settings

/// Loggers of the fleet's processes, on standard error: text for people, one JSON object a line for machines.
enum RoleLogger {
    static func make(_ settings: Settings, process: String) -> Logger {
        var logger =
            switch settings.logging.format {
            case .text: Logger(label: process) { StreamLogHandler.standardError(label: $0) }
            case .json: Logger(label: process) { JSONLogHandler(label: $0) }
            }
        logger.logLevel = Logger.Level(rawValue: settings.logging.level.rawValue) ?? .info
        return logger
    }
}

/// `{"time":"2026-11-21T03:41:43.123Z","level":"info","process":"work-1","event":"…", …metadata}`.
struct JSONLogHandler: LogHandler {
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(label: String) { self.label = label }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members: [JSON.Member] = [
            .init("time", .string(Date.now.formatted(.iso8601.time(includingFractionalSeconds: true)))),
            .init("level", .string(event.level.rawValue)), .init("process", .string(label)), .init("event", .string("\(event.message)")),
        ]
        for (name, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
            members.append(.init(name, .string("\(value)")))
        }
        Terminal.complain(JSON.object(members).text())
    }
}
