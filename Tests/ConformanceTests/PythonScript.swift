import Foundation
import Synchronization

/// Runs the scripts of Tests/Conformance in a Python environment that has the exchange's SDK. `make conformance-deps` makes the
/// environment; it is a failure, not a skip, when it is not there.
enum PythonScript {
    struct Result {
        var status: Int32
        /// Standard output and error.
        var lines: [String]
    }

    struct Missing: Error, CustomStringConvertible {
        var path: String
        var description: String { "\(path) is missing: run make conformance-deps" }
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func run(_ script: String, _ arguments: [String]) async throws -> Result {
        let python = root.appendingPathComponent(".build/conformance-venv/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else { throw Missing(path: python.path) }
        let process = Process()
        process.executableURL = python
        process.currentDirectoryURL = root.appendingPathComponent("Tests/Conformance")
        process.arguments = ["-B", script] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        let output = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Data, any Error>) in
            let collected = Mutex(Data())
            pipe.fileHandleForReading.readabilityHandler = { handle in
                let part = handle.availableData
                guard part.isEmpty else { return collected.withLock { $0.append(part) } }
                handle.readabilityHandler = nil
                continuation.resume(returning: collected.withLock { $0 })
            }
            do { try process.run() } catch {
                pipe.fileHandleForReading.readabilityHandler = nil
                continuation.resume(throwing: error)
            }
        }
        process.waitUntilExit()
        return Result(status: process.terminationStatus, lines: String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init))
    }
}
