import Foundation

/// The display names of tests and suites, as their sources have them.
enum TestNames {
    /// One name and the numbers in it.
    struct Name: Sendable, Equatable {
        let text: String
        let isSuite: Bool

        init(_ text: String, isSuite: Bool = false) {
            self.text = text
            self.isSuite = isSuite
        }

        /// `R-27` and `R-28` in "R-27, R-28: …".
        var rules: [Int] { text.matches(of: /\bR-(\d\d)\b/).compactMap { Int($0.1) } }
        /// 8 in "Golden 8: …", also with rules beside it.
        var goldenVectors: [Int] { text.matches(of: /^Golden (\d+)\b/).compactMap { Int($0.1) } }
    }

    /// Of the sources below a folder, without those below `excluded`.
    static func read(under folder: URL, excluding excluded: URL) throws -> [Name] {
        // A folder that cannot be listed gives no enumerator, or nothing: the rules are then missing, and the test says so.
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return try files.filter { $0.pathExtension == "swift" && !$0.path.hasPrefix(excluded.path + "/") }
            .flatMap { names(in: try String(contentsOf: $0, encoding: .utf8)) }
    }

    static func names(in source: String) -> [Name] {
        source.matches(of: /@(Test|Suite)\(\s*"((?:[^"\\]|\\.)*)"/).map { Name(String($0.2), isSuite: $0.1 == "Suite") }
    }
}
