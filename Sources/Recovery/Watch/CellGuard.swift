import Logging
import Redis
import RedisStreams

/// Of one process: whether its cell's Redis is the one that its work belongs to. Asked at each beat of its leases.
///
/// | seen | means | then |
/// |---|---|---|
/// | the server and incarnation that were checked | nothing happened | work goes on |
/// | another start of the server, everything in it that is on record | a restart, or an earlier state that cannot be told from one | leases are void, what is remembered too; what was under way is suspect |
/// | no cell, another incarnation, or less than is on record | Redis is lost | the cell halts, until a recovery |
/// | halted | somebody found that | no lease is granted |
///
/// While Postgres cannot be asked after a restart, nothing is done, exits included: a cell that cannot prove its Redis does not know which of
/// its orders are at the exchange.
public actor CellGuard: CellWatch {
    private let table: CellTable
    private let register: CellRegister
    private let servers: RedisAdmission
    private let logger: Logger
    private var current: CellAdmission?
    /// What was logged last, so that each thing is said once.
    private var said = ""
    /// Why the cell is halted, as last seen.
    public private(set) var haltReason: String?

    /// - Parameter servers: of all other connections of the process.
    public init(table: CellTable, register: CellRegister, servers: RedisAdmission, logger: Logger) {
        self.table = table
        self.register = register
        self.servers = servers
        self.logger = logger
    }

    public func admission() async throws(RedisError) -> CellAdmission? {
        let sight = try await table.see()
        if let current, !sight.isHalted, current.server == sight.server, current.incarnation == sight.incarnation,
            current.suspectedAt == sight.suspectedAt
        {
            return current
        }
        // said already, and only a recovery changes it
        if sight.isHalted, haltReason != nil {
            current = nil
            servers.admit(sight.server)
            return nil
        }
        if current != nil || sight.isFirst {
            logger.warning("cell.checking", metadata: ["server": "\(sight.server)", "suspected_at": "\(sight.suspectedAt)"])
        }
        current = nil
        // every lease of before is void by now: nothing that this process remembers can be written
        servers.admit(sight.server)
        return try await check(sight)
    }

    /// Somebody found entries missing that had been there.
    public func halt(reason: String) async throws {
        try await register.halt(reason: reason)
        try await table.halt(reason: reason)
        say(halted: reason)
    }

    private func check(_ first: CellSight) async throws(RedisError) -> CellAdmission? {
        let inspection = CellInspection(table: table, register: register)
        do {
            let finding = try await inspection.run(after: first)
            switch finding.verdict {
            case .halted(let reason):
                say(halted: reason)
                return nil
            case .lost(let reason):
                if try await inspection.halt(finding, reason: reason) { say(halted: reason) }
                return nil
            case .new:
                let incarnation = try await register.introduce()
                try await table.begin(incarnation: incarnation)
                try await register.begun()
                return admit(first.server, incarnation, suspectedAt: 0)
            case .fit(let incarnation):
                if finding.row?.state == .new { try await register.begun() }
                return admit(first.server, incarnation, suspectedAt: finding.sight.suspectedAt)
            }
        } catch let error as RedisError {
            throw error
        } catch CellInspection.Fault.restarted {
            return nil
        } catch {
            say("cell.unchecked", ["error": "\(error)", "next": "nothing is traded until Postgres answers"])
            return nil
        }
    }

    private func admit(_ server: String, _ incarnation: String, suspectedAt: Int64) -> CellAdmission {
        let admitted = CellAdmission(server: server, incarnation: incarnation, suspectedAt: suspectedAt)
        current = admitted
        haltReason = nil
        say("cell.admitted", ["server": "\(server)", "incarnation": "\(incarnation)"])
        return admitted
    }

    private func say(halted reason: String) {
        haltReason = reason
        say("cell.halted", ["reason": "\(reason)", "next": "`vibe recover --dry-run` shows what can be rebuilt, `vibe recover --yes` does it"])
    }

    private func say(_ event: String, _ metadata: Logger.Metadata) {
        let text = event + metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined()
        guard text != said else { return }
        said = text
        logger.log(level: event == "cell.admitted" ? .notice : .critical, "\(event)", metadata: metadata)
    }
}
