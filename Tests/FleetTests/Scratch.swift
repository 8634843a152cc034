import Foundation

@testable import vibe

/// A directory of a test's own, removed after it.
func withScratch<T>(_ body: (String) async throws -> T) async throws -> T {
    let path = "/tmp/vibe-test-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// A run directory of a test's own; what still runs in it afterwards is ended.
func withRun<T>(_ body: (RunDirectory) async throws -> T) async throws -> T {
    try await withScratch { path in
        let run = RunDirectory(path + "/run")
        try run.create()
        do {
            let value = try await body(run)
            _ = await Leftovers.end(in: run)
            return value
        } catch {
            _ = await Leftovers.end(in: run)
            throw error
        }
    }
}
