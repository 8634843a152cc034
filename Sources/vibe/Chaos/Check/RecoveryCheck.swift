/// Partitions go on elsewhere in time. Durations on a machine that others share are noisy: what is above its limit is counted and said, and
/// what is above the limit times ``ChaosObservations/Tolerances/handOverFactor`` fails.
enum RecoveryCheck {
    static func run(_ observations: ChaosObservations, _ verdict: inout InvariantVerdict) {
        let factor = observations.tolerances.handOverFactor
        for cause in ChaosObservations.HandOver.Cause.allCases {
            let all = observations.handOvers.filter { $0.cause == cause }.sorted { $0.took < $1.took }
            guard let slowest = all.last else { continue }
            verdict.look(all.count)
            let slow = all.count { $0.took > $0.limit }
            verdict.note(
                "\(cause.rawValue): \(all.count), p95 \(text(all[(all.count * 95 + 99) / 100 - 1].took)), longest \(text(slowest.took)), "
                    + "\(slow) above \(text(slowest.limit))")
            for handOver in all.reversed() where handOver.took > handOver.limit * factor {
                verdict.find(
                    "\(handOver.partition), \(cause.rawValue): went on after \(text(handOver.took)), more than \(factor) × \(text(handOver.limit))")
            }
        }
    }

    private static func text(_ duration: Duration) -> String { Format.time(microseconds: duration.microseconds) }
}
