/// The sealing key in use, and older ones that what is stored may still be sealed with. Only the first seals.
public struct SealingKeys: Sendable {
    public let current: SealingKey
    public let old: [SealingKey]

    public init(current: SealingKey, old: [SealingKey] = []) {
        self.current = current
        self.old = old.filter { $0.id != current.id }
    }

    var all: [SealingKey] { [current] + old }

    subscript(id: String) -> SealingKey? { all.first { $0.id == id } }
}
