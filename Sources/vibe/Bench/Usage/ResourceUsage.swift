import Foundation

/// What one process has used so far, or several that belong together.
struct ResourceUsage: Sendable {
    /// Processor time, user and kernel, microseconds.
    var cpu: Int64 = 0
    /// Memory of its own plus what it shares, bytes.
    var memory: Int64 = 0

    /// A process by id; `nil` when it has gone.
    static func process(_ pid: Int32) -> ResourceUsage? {
        guard let stat = ProcessStat(pid) else { return nil }
        return ResourceUsage(cpu: stat.own, memory: stat.memory.own + stat.memory.shared)
    }

    static var ofThisProcess: ResourceUsage? { process(getpid()) }

    /// A server and the processes it has started, those that have ended included. Shared memory counts once.
    static func family(_ pid: Int32) -> ResourceUsage? {
        guard let parent = ProcessStat(pid) else { return nil }
        let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
        let children = ids.compactMap { ProcessStat($0) }.filter { $0.parent == pid }
        let members = [parent] + children
        return ResourceUsage(
            cpu: parent.ended + members.reduce(0) { $0 + $1.own },
            memory: members.reduce(0) { $0 + $1.memory.own } + (members.map(\.memory.shared).max() ?? 0))
    }
}

/// The machine's processors, from the first line of /proc/stat.
struct MachineUsage: Sendable {
    /// Microseconds, summed over all processors. Stolen: the hypervisor gave them to somebody else.
    var busy: Int64
    var stolen: Int64

    static var processors: Int { ProcessInfo.processInfo.activeProcessorCount }

    static func read() -> MachineUsage? {
        // user nice system idle iowait irq softirq steal
        guard let line = text(ofFile: "/proc/stat")?.split(separator: "\n").first else { return nil }
        let ticks = line.split(separator: " ").dropFirst().compactMap { Int64($0) }
        guard ticks.count >= 8 else { return nil }
        return MachineUsage(
            busy: (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) * ProcessStat.tick, stolen: ticks[7] * ProcessStat.tick)
    }
}

/// The lines of /proc about one process.
private struct ProcessStat {
    let parent: Int32
    /// Microseconds of processor time: its own, and that of children which ended and were waited for.
    let own: Int64
    let ended: Int64
    let memory: (own: Int64, shared: Int64)

    /// Microseconds.
    static let tick = 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))

    init?(_ pid: Int32) {
        // The name in parentheses may hold anything, so fields are counted from the last closing one: state is the third.
        guard let text = text(ofFile: "/proc/\(pid)/stat"), let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
        let times = fields[11...14].compactMap { Int64($0) }
        guard times.count == 4 else { return nil }
        self.parent = parent
        own = (times[0] + times[1]) * Self.tick
        ended = (times[2] + times[3]) * Self.tick
        memory = Self.memory(pid)
    }

    private static func memory(_ pid: Int32) -> (own: Int64, shared: Int64) {
        var own: Int64 = 0
        var shared: Int64 = 0
        for line in (text(ofFile: "/proc/\(pid)/status") ?? "").split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 1, let kilobytes = Int64(words[1]) else { continue }
            switch words[0] {
            case "RssAnon:": own = kilobytes * 1_024
            case "RssFile:", "RssShmem:": shared += kilobytes * 1_024
            default: break
            }
        }
        return (own, shared)
    }
}

private func text(ofFile path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
}
