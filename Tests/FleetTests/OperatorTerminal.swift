import Foundation

@testable import vibe

/// A person who runs the program's commands.
struct OperatorTerminal {
    let folder: String
    var environment: [String: String]
    private(set) var said = ""

    init(folder: String, environment: [String: String]) {
        self.folder = folder
        self.environment = environment
    }

    /// - Returns: the exit code and everything that was written.
    mutating func vibe(_ arguments: String..., input: String = "/dev/null") async throws -> (code: Int32?, text: String) {
        try await vibe(arguments, input: input)
    }

    mutating func vibe(_ arguments: [String], input: String = "/dev/null") async throws -> (code: Int32?, text: String) {
        let log = folder + "/output-\(UUID().uuidString.prefix(8))"
        let child = try ChildProcess.start(
            name: "vibe", executable: try RealFleet.program(), arguments: arguments, environment: Command.environment.merging(environment) { $1 }, log: log,
            input: input)
        let exit = await child.ended()
        let text = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
        said += text
        guard case .code(let code) = exit else { return (nil, text) }
        return (code, text)
    }

    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        try FileManager.default.writeFile(folder + "/" + name, text, mode: mode)
        return folder + "/" + name
    }
}
