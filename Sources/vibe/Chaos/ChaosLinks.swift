import FaultProxy
import Foundation
import Settings

/// What the roles are connected by: each role reaches each server through a link of its own, which faults can spoil.
struct ChaosLinks: Sendable {
    struct Link: Sendable {
        /// `work to redis`.
        let name: String
        let role: FleetRole
        /// The setting that leads a process over the link, and its value.
        let variable: (name: String, value: String)
        let proxy: FaultProxy
    }

    let all: [Link]

    /// Roles that speak to the exchange.
    private static let exchanged: Set<FleetRole> = [.ingest, .plan, .work]

    static func open(in run: RunDirectory, _ servers: FleetServers, exchangePort: Int) async throws -> ChaosLinks {
        let directory = try run.socketDirectory(for: "links", longestName: 40)
        try FileManager.default.makeDirectory(directory, mode: 0o700)
        var links: [Link] = []
        for role in FleetRole.allCases {
            let redis = "\(directory)/\(role.rawValue).redis"
            links.append(
                Link(
                    name: "\(role.rawValue) to redis", role: role, variable: ("VIBE_REDIS_URL", "unix://\(redis)"),
                    proxy: FaultProxy(listen: .unix(redis), to: .unix(servers.redis.socket))))
            let postgres = "\(directory)/\(role.rawValue)"
            try FileManager.default.makeDirectory(postgres, mode: 0o700)
            // the name that libpq looks for in a directory
            let file = "/.s.PGSQL.5432"
            links.append(
                Link(
                    name: "\(role.rawValue) to postgres", role: role,
                    variable: ("VIBE_POSTGRES_URL", servers.postgres.url.replacingOccurrences(of: servers.postgres.socketDirectory, with: postgres)),
                    proxy: FaultProxy(listen: .unix(postgres + file), to: .unix(servers.postgres.socketDirectory + file))))
            guard exchanged.contains(role) else { continue }
            let port = try FreePort.find()
            links.append(
                Link(
                    name: "\(role.rawValue) to exchange", role: role, variable: ("VIBE_EXCHANGE_URL", "http://127.0.0.1:\(port)"),
                    proxy: FaultProxy(listen: .tcp("127.0.0.1", port), to: .tcp("127.0.0.1", exchangePort))))
        }
        for link in links { try await link.proxy.start() }
        return ChaosLinks(all: links)
    }

    /// For the processes of a role.
    func variables(_ role: FleetRole) -> [String: String] {
        Dictionary(all.filter { $0.role == role }.map { ($0.variable.name, $0.variable.value) }) { first, _ in first }
    }

    func close() async {
        for link in all { await link.proxy.stop() }
    }
}
