import Foundation

/// Files that come with the repository, found from wherever the program is run.
enum RepositoryFile {
    /// Looks in the current directory and in every one above the program.
    static func locate(_ path: String) throws(Failure) -> String {
        let current = FileManager.default.currentDirectoryPath
        var candidates = [current]
        var folder = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            candidates.append(folder)
        }
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: "\($0)/\(path)") }) else {
            throw Failure(.configuration, "\(path) is neither in \(current) nor above this program", nextStep: "run from the repository")
        }
        return "\(found)/\(path)"
    }
}
