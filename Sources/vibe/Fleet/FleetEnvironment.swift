import Foundation
import Settings

/// The environment of a fleet's processes: what the operator set, under what the fleet itself decides.
struct FleetEnvironment: Sendable {
    /// `VIBE_` variables only.
    private(set) var variables: [String: String]

    /// - Parameters:
    ///   - operatorSettings: the environment this program was started with.
    ///   - defaults: what this kind of fleet prefers; the operator's settings win over them.
    ///   - decided: what follows from the servers and files of this fleet; it wins over everything.
    init(operatorSettings: [String: String], defaults: [String: String] = [:], decided: [String: String]) {
        variables = operatorSettings.filter { $0.key.hasPrefix("VIBE_") }.merging(defaults) { operators, _ in operators }
            .merging(decided) { _, ours in ours }
    }

    /// What the private servers decide: their addresses, without passwords.
    mutating func use(_ servers: FleetServers) {
        variables["VIBE_REDIS_URL"] = servers.redis.url
        variables["VIBE_POSTGRES_URL"] = servers.postgres.url
        for name in ["VIBE_REDIS_PASSWORD", "VIBE_POSTGRES_PASSWORD"] {
            variables[name] = nil
            variables[name + "_FILE"] = nil
        }
        for name in ["CA_FILE", "CERT_FILE", "KEY_FILE"] { variables["VIBE_REDIS_" + name] = nil }
    }

    /// The sealing key: the operator's, or one of this fleet's own in a file that only its owner may read.
    mutating func provideSealingKey(in run: RunDirectory) throws(Failure) {
        guard variables["VIBE_SEALING_KEY"] == nil, variables["VIBE_SEALING_KEY_FILE"] == nil else { return }
        let file = run.path("keys/sealing.key")
        if !FileManager.default.fileExists(atPath: file) {
            try FileManager.default.writeFile(file, RandomKey.hexadecimal() + "\n", mode: 0o600)
        }
        variables["VIBE_SEALING_KEY_FILE"] = file
    }

    /// Only who signs is told where the keys are that open agents' keys.
    private static let sealing = ["VIBE_SEALING_KEY", "VIBE_SEALING_KEY_FILE", "VIBE_SEALING_KEYS_OLD_FILES"]

    /// As one process of the fleet gets it.
    func of(process name: String, supervisor: Int32) -> [String: String] {
        var environment = Command.environment.merging(variables) { _, ours in ours }
        if !name.hasPrefix(FleetRole.work.rawValue) { for variable in Self.sealing { environment[variable] = nil } }
        environment["VIBE_PROCESS_NAME"] = name
        environment["VIBE_PARENT_PID"] = "\(supervisor)"
        return environment
    }

    /// Writes the file by which operators' commands find the fleet. Secrets stay out of it; the names of their files are in.
    func write(to run: RunDirectory) throws(Failure) {
        let secrets = Set(Knob.all.filter { if case .secret = $0.kind { true } else { false } }.map(\.name))
        let shown = variables.filter { !secrets.contains($0.key) }
        try FileManager.default.writeFile(run.environmentFile, EnvironmentFile.text(shown), mode: 0o600)
    }

    func settings() throws(SettingsFaults) -> Settings { try Settings(environment: variables) }
}

enum RandomKey {
    /// 32 random bytes from the kernel, in hexadecimal.
    static func hexadecimal() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in
            let byte = UInt8.random(in: 0...255, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

extension FleetEnvironment {
    /// Points the fleet at a simulated exchange of its own: on the operator's port, else on a free one.
    /// - Parameters:
    ///   - fills: recorded fills, unless the operator names others.
    ///   - accounts: the accounts file; `nil` leaves what the operator set.
    mutating func useSimulator(in run: RunDirectory, fills: String, accounts: String? = nil) throws(Failure) {
        let chosen = variables["VIBE_SIM_PORT"].flatMap(Int.init).flatMap { $0 == 0 ? nil : $0 }
        let port = if let chosen { chosen } else { try FreePort.find() }
        variables["VIBE_SIM_PORT"] = "\(port)"
        variables["VIBE_SIM_LEDGER"] = run.path("simulator")
        variables["VIBE_SIM_FILLS"] = variables["VIBE_SIM_FILLS"] ?? fills
        if let accounts { variables["VIBE_SIM_ACCOUNTS"] = accounts }
        variables["VIBE_EXCHANGE_URL"] = "http://127.0.0.1:\(port)"
        try FileManager.default.makeDirectory(run.path("simulator"), mode: 0o755)
    }
}
