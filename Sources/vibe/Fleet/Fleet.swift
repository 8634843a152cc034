import Foundation

/// The supervisor of a fleet's role processes: starts them from this same executable, tells how they end, stops them all.
///
/// It restarts nothing by itself: partitions of a process that ended move to the others within the lease time, and a process that ends
/// has a reason that someone should read; ``Restarts`` knows the exception.
actor Fleet {
    struct Ended: Sendable {
        let name: String
        let role: String
        let exit: ChildProcess.Exit
        /// The last lines of its log.
        let tail: String
        let log: String

        var text: String { "\(name) \(exit); its last lines (\(log)):\n\(tail)" }

        /// What to do when nobody starts another.
        /// - Parameter left: processes of its role.
        func advice(left: Int) -> String {
            guard FleetRole(rawValue: role) != nil else { return "end with Ctrl-C and start `vibe up` again: nothing is done without \(role)" }
            let state = left == 0 ? "no \(role) is left, nothing goes on without" : "its partitions go on in the other\(left == 1 ? "" : "s")"
            return "\(state); `vibe scale \(role)=\(left + 1)` starts another"
        }
    }

    private let run: RunDirectory
    private let executable: String
    private let environment: FleetEnvironment
    /// What a process gets to finish after SIGTERM.
    private let grace: Duration
    private var processes: [(role: String, child: ChildProcess)] = []
    private var started: [String: Int] = [:]
    /// How many of each role were last asked for.
    private var wanted: [String: Int] = [:]
    /// Being stopped on purpose: how these end is no news.
    private var stopping: Set<Int32> = []

    /// - Parameter executable: absolute path; by default this program.
    init(run: RunDirectory, environment: FleetEnvironment, grace: Duration, executable: String? = nil) throws(Failure) {
        guard let executable = try? executable ?? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            throw Failure(.unavailable, "cannot tell where this program is: /proc/self/exe is not readable")
        }
        self.run = run
        self.executable = executable
        self.environment = environment
        self.grace = grace
    }

    /// Starts one more process of a role, as `work-1`, `work-2`, …
    /// - Parameter extra: variables for this process alone.
    @discardableResult
    func start(_ role: String, arguments: [String] = [], extra: [String: String] = [:]) throws(Failure) -> String {
        let number = (started[role] ?? 0) + 1
        started[role] = number
        let name = "\(role)-\(number)"
        var extra = extra
        if FleetRole(rawValue: role) != nil { extra["VIBE_HEALTH_ADDRESS"] = "unix:\(try healthSocket(of: name))" }
        let child = try ChildProcess.start(
            name: name, executable: executable, arguments: [role] + arguments,
            environment: environment.of(process: name, supervisor: getpid()).merging(extra) { _, ours in ours }, log: run.log(of: name))
        processes.append((role, child))
        try child.identity.write(to: run.identity(of: name))
        return name
    }

    /// Starts or stops processes until the role has `count` of them. Those started last stop first.
    func scale(_ role: String, to count: Int) async throws(Failure) {
        wanted[role] = count
        while self.count(role) < count { try start(role) }
        await shrink(role, to: count)
    }

    /// Starts a process in the place of one that ended, unless as many live as were last asked for.
    func replace(_ role: String) throws(Failure) -> String? {
        guard count(role) < wanted[role, default: 0] else { return nil }
        return try start(role)
    }

    /// Stops processes until the role has `count` of them at most.
    func shrink(_ role: String, to count: Int) async {
        await stop(processes.filter { $0.role == role }.suffix(max(0, self.count(role) - count)).map(\.child))
    }

    /// Live processes of a role, those started last at the end.
    func members(of role: String) -> [(name: String, identity: ProcessIdentity)] {
        processes.filter { $0.role == role && !stopping.contains($0.child.pid) }.map { ($0.child.name, $0.child.identity) }
    }

    func count(_ role: String) -> Int { processes.count { $0.role == role } }

    /// Role by role, how many live.
    var counts: [(role: String, count: Int)] {
        Dictionary(grouping: processes, by: \.role).map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
    }

    /// The name of each process, by its id.
    var pids: [Int32: String] { Dictionary(processes.map { ($0.child.pid, $0.child.name) }) { first, _ in first } }

    /// Processes that ended by themselves since the last call.
    func ended() -> [Ended] {
        var ended: [Ended] = []
        processes.removeAll { process in
            guard !stopping.contains(process.child.pid), let exit = process.child.poll() else { return false }
            ended.append(Ended(name: process.child.name, role: process.role, exit: exit, tail: process.child.tail(), log: process.child.log))
            forget(process.child)
            return true
        }
        return ended
    }

    /// Stops everything: the pipeline first, then the simulated exchange, which settles what is still on the wire.
    func stop() async {
        await stopPipeline()
        await stop(processes.map(\.child))
    }

    /// All but the simulated exchange.
    func stopPipeline() async { await stop(processes.filter { $0.role != "sim" }.map(\.child)) }

    /// SIGTERM to all at once, SIGKILL to those that outlast the grace.
    private func stop(_ children: [ChildProcess]) async {
        stopping.formUnion(children.map(\.pid))
        for child in children { child.identity.send(SIGTERM) }
        let limit = ContinuousClock.now + grace
        var left = children
        while true {
            left.removeAll { $0.poll() != nil }
            if left.isEmpty { break }
            if ContinuousClock.now > limit { for child in left { child.identity.send(SIGKILL) } }
            await Pause.uncancelled(.milliseconds(20))
        }
        let gone = Set(children.map(\.pid))
        processes.removeAll { gone.contains($0.child.pid) }
        stopping.subtract(gone)
        for child in children { forget(child) }
    }

    private func healthSocket(of name: String) throws(Failure) -> String { try run.healthDirectory() + "/" + name + RunDirectory.healthSuffix }

    private func forget(_ child: ChildProcess) {
        try? FileManager.default.removeItem(atPath: run.identity(of: child.name))
        if let socket = try? healthSocket(of: child.name) { try? FileManager.default.removeItem(atPath: socket) }
    }
}
