import ConfigStore
import Settings

extension SealingKeys {
    init(_ current: Secret, old: [Secret]) throws(ConfigStoreError) {
        var keys: [SealingKey] = []
        for secret in old { keys.append(try SealingKey(parsing: secret.reveal())) }
        self.init(current: try SealingKey(parsing: current.reveal()), old: keys)
    }

    /// Of a command that seals.
    init(_ settings: Settings) throws {
        try self.init(settings.keys.requireSealingKey(), old: settings.keys.oldSealingKeys)
    }
}
