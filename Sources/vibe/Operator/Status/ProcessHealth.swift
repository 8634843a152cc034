import AsyncHTTPClient
import Foundation
import Health
import JSON
import Logging
import NIOCore

/// What the processes of a fleet on this machine say of themselves, over the sockets in its run directory.
enum ProcessHealth {
    /// Seconds for one process to answer.
    static let timeout: Int64 = 2
    /// Bytes.
    private static let largestReport = 64 << 10

    /// One report a socket, by name; a process that does not answer has one that says so.
    /// - Parameter patience: each may take so many times as long.
    static func read(in run: RunDirectory, patience: Int = 1, logger: Logger) async -> [HealthReport] {
        guard let directory = try? run.healthDirectory() else { return [] }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { $0.hasSuffix(RunDirectory.healthSuffix) }
        guard !names.isEmpty else { return [] }
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let reports = await withTaskGroup(of: HealthReport.self) { group in
            for name in names {
                group.addTask {
                    let process = String(name.dropLast(RunDirectory.healthSuffix.count))
                    do { return try await report(client, socket: directory + "/" + name, patience: patience) } catch {
                        return HealthReport(process: process, samples: [HealthSample("process", .failed, detail: "it does not answer: \(error)")])
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        do { try await client.shutdown() } catch { logger.error("health.client", metadata: ["error": "\(error)"]) }
        return reports.sorted { $0.process < $1.process }
    }

    static func report(_ client: HTTPClient, socket: String, path: String = "/readyz", patience: Int = 1) async throws -> HealthReport {
        guard let url = URL(httpURLWithSocketPath: socket, uri: path) else {
            throw Failure(.unavailable, "\(socket) is no path of a socket")
        }
        let response = try await client.execute(HTTPClientRequest(url: url.absoluteString), timeout: .seconds(timeout * Int64(patience)))
        let body = try await response.body.collect(upTo: largestReport)
        return try HealthReport(json: JSON.parse(Array(body.readableBytesView)))
    }
}

extension HealthSample {
    /// For people: `exchange failed for 21 s: …`.
    var concern: String {
        let age = age.map { " for \(Format.time(milliseconds: $0.components.seconds * 1_000 + $0.components.attoseconds / 1_000_000_000_000_000))" } ?? ""
        return "\(name) \(state.text)\(age)" + (detail.isEmpty ? "" : ": \(detail)")
    }
}
