import CopyTrading
import Postgres

public enum ConfigStoreError: Error, Sendable, Equatable {
    case postgres(PostgresError)
    /// No such version was ever applied; the newest is given.
    case unknownVersion(Int64, newest: Int64)
    case unknownSubscriber(SubscriberID)
    /// A stored row makes no sense: it was changed by hand, or by a newer program.
    case unreadable(kind: String, id: String, problem: String)
    /// The text given as sealing key is none; nothing of it is shown.
    case malformedSealingKey(String)
    /// Stored agent keys are sealed with keys that are not given.
    /// - Parameter needed: their ids; none for keys in the older form, which name none.
    case wrongSealingKey(needed: [String])
    /// One stored agent key does not open, though the sealing key is right, or belongs to another address: the row was changed by hand.
    case damagedAgentKey(SubscriberID)
    /// There is no key of this agent any more.
    case agentKeyGone(agent: String, state: AgentKeyState?, reason: String?)
    /// What is asked of an agent's key cannot be.
    case agentKeyRefused(String)
    /// The cryptographic library failed; nothing was written.
    case cannotSeal(String)
    /// What the configuration file lacks, found only beside what is stored.
    case faults(ConfigFaults)
}

extension ConfigStoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .postgres(let error): error.description
        case .unknownVersion(let version, let newest): "configuration version \(version) does not exist, the newest is \(newest)"
        case .unknownSubscriber(let id): "no subscriber \(id) is configured"
        case .unreadable(let kind, let id, let problem): "the stored \(kind) \(id) cannot be read: \(problem)"
        case .malformedSealingKey(let problem):
            "the sealing key in VIBE_SEALING_KEY or the file VIBE_SEALING_KEY_FILE \(problem); expected 32 bytes as 64 hexadecimal digits "
                + "or base64, for example from: openssl rand -hex 32"
        case .wrongSealingKey(let needed):
            "stored agent keys are sealed with "
                + (needed.isEmpty ? "another sealing key" : "sealing key \(needed.joined(separator: ", ")), which is not given")
                + ". Name its file in VIBE_SEALING_KEYS_OLD_FILES, or make it VIBE_SEALING_KEY_FILE; if it is lost, seal anew: apply a "
                + "configuration that has every subscriber's agent key with `vibe config apply --reseal`"
        case .damagedAgentKey(let id):
            "the stored agent key of \(id) is damaged or not its own; apply a configuration that has its agent key"
        case .agentKeyGone(let agent, let state, let reason):
            "there is no key of agent \(agent): " + (state.map { "it is \($0.rawValue)" } ?? "it was never stored") + (reason.map { " (\($0))" } ?? "")
        case .agentKeyRefused(let problem): problem
        case .cannotSeal(let problem): "agent keys cannot be sealed: \(problem)"
        case .faults(let faults): faults.description
        }
    }
}
