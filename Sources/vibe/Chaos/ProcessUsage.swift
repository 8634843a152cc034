import Foundation

/// What a process holds of the machine, as the kernel has it.
struct ProcessUsage: Sendable {
    /// Bytes in memory.
    var memory: Int64
    var files: Int

    init(memory: Int64, files: Int) {
        self.memory = memory
        self.files = files
    }

    /// `nil` when it has gone.
    init?(of pid: Int32) {
        guard let status = FileManager.default.contents(atPath: "/proc/\(pid)/status").map({ String(decoding: $0, as: UTF8.self) }),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int64($0) }),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
        else { return nil }
        memory = kilobytes << 10
        self.files = files
    }
}
