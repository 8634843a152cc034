/// How long partitions stood still after their owner went.
struct RecoveryTimes: Sendable {
    /// From SIGKILL until another process had every partition.
    var kills: [Duration] = []
    /// From SIGTERM until every partition was let go.
    var handOvers: [Duration] = []

    static func text(_ times: [Duration]) -> String {
        let sorted = times.sorted()
        guard let last = sorted.last else { return "none" }
        return "\(sorted.count), median \(Format.time(sorted[sorted.count / 2])), longest \(Format.time(last))"
    }

    static func + (a: Self, b: Self) -> Self { RecoveryTimes(kills: a.kills + b.kills, handOvers: a.handOvers + b.handOvers) }
}
