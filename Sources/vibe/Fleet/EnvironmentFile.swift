import Foundation

/// A file of assignments that a shell can source and this program can read: `NAME='value'`, one a line.
enum EnvironmentFile {
    static func text(_ variables: [String: String]) -> String {
        let lines = variables.sorted { $0.key < $1.key }
            .map { "\($0.key)='\($0.value.replacingOccurrences(of: "'", with: "'\\''"))'" }
        return (["# The settings of the running fleet: set -a; . this file; vibe status"] + lines).joined(separator: "\n") + "\n"
    }

    /// Reads what ``text(_:)`` wrote, and plain `NAME=value` lines. Lines that assign nothing are passed over.
    static func read(_ path: String) -> [String: String]? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        var variables: [String: String] = [:]
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = unquoted(parts[1]) }
        }
        return variables
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count >= 2, text.hasPrefix("'"), text.hasSuffix("'") else { return String(text) }
        return text.dropFirst().dropLast().replacingOccurrences(of: "'\\''", with: "'")
    }
}
