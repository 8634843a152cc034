import Foundation
import Settings

/// Several micro-benchmarks, with the servers that they need.
struct MicroSet: Sendable {
    /// In the order of ``MicroName``.
    let names: [MicroName]
    let rounds: MicroRounds

    /// - Parameter named: none means all.
    init(named: [MicroName], rounds: MicroRounds) {
        names = named.isEmpty ? MicroName.allCases : MicroName.allCases.filter(named.contains)
        self.rounds = rounds
    }

    func measure(_ run: RunDirectory, _ supervision: Supervision) async throws -> MicroReport {
        var results: [MicroResult] = []
        var servers: MicroServers?
        for name in names {
            switch name {
            case .sign:
                do { results.append(try await rounds.measure(try SignBenchmark(run))) } catch let failure as SignBenchmark.NoReference {
                    results.append(MicroResult(name: .sign, unit: "orders", reference: SignBenchmark.referenceName, missing: failure.text))
                }
            case .decode: results.append(try await rounds.measure(try DecodeBenchmark()))
            case .redisParse:
                let benchmark = try ParseBenchmark(run)
                defer { benchmark.stop() }
                results.append(try await rounds.measure(benchmark))
            case .handOff, .audit:
                let ready: MicroServers = if let servers { servers } else { try await MicroServers.start(run, supervision) }
                servers = ready
                if name == .handOff {
                    results.append(try await rounds.measure(try HandOffBenchmark(ready)))
                } else {
                    results.append(try await rounds.measure(try await AuditBenchmark(ready)))
                }
            }
        }
        return MicroReport(results: results)
    }
}

/// Private servers with the tables, and nobody who works with them.
struct MicroServers: Sendable {
    let servers: FleetServers
    let context: OperatorContext

    static func start(_ run: RunDirectory, _ supervision: Supervision) async throws -> MicroServers {
        let logger = CommandLogger.make("bench")
        Terminal.complain("starting Redis and Postgres in \(run.path)")
        let servers = try await supervision.startServers(in: run, logger: logger)
        var environment = FleetEnvironment(
            operatorSettings: ProcessInfo.processInfo.environment, decided: ["VIBE_RUN_DIRECTORY": run.path])
        environment.use(servers)
        let settings = try environment.settings()
        try await DatabaseSchema.migrate(settings, logger: logger)
        return MicroServers(servers: servers, context: OperatorContext(settings: settings, logger: logger))
    }
}
