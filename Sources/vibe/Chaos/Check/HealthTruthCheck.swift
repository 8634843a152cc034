/// A process says that it is unwell exactly while it cannot make progress. Close to the begin and end of a fault, and to where what was
/// possible changed, either answer is right.
enum HealthTruthCheck {
    static func run(_ observations: ChaosObservations, _ verdict: inout InvariantVerdict) {
        let settling = observations.tolerances.healthSettling.milliseconds
        let moments = observations.faults.flatMap { [$0.began, $0.healed] }
        var (left, starved) = (0, 0)
        for (process, samples) in Dictionary(grouping: observations.health, by: \.process).sorted(by: { $0.key < $1.key }) {
            let samples = samples.sorted { $0.at < $1.at }
            // samples far apart say nothing about when it changed between them
            let changes = zip(samples, samples.dropFirst())
                .filter { $0.couldProgress != $1.couldProgress && $1.at - $0.at <= 2 * settling }.flatMap { [$0.at, $1.at] }
            for (index, sample) in samples.enumerated() {
                guard !(moments + changes).contains(where: { abs($0 - sample.at) <= settling }) else {
                    left += 1
                    continue
                }
                verdict.look()
                guard sample.isGreen != sample.couldProgress else { continue }
                if !sample.isGreen, redFor(index, in: samples) < observations.tolerances.starvation.milliseconds {
                    starved += 1
                    continue
                }
                let active = observations.faults.filter { $0.began <= sample.at && sample.at <= $0.healed }.map(\.name)
                verdict.find(
                    "\(process) at \(Format.instant(milliseconds: sample.at)): \(sample.isGreen ? "green" : "red") while progress was "
                        + (sample.couldProgress ? "possible" : "impossible") + (active.isEmpty ? "" : " (\(active.joined(separator: ", ")))")
                        + (sample.concern.isEmpty ? "" : ", \(sample.concern)"))
            }
        }
        verdict.note("\(left) samples within \(settling) ms of a change left out")
        if starved > 0 { verdict.note("\(starved) red for less than \(observations.tolerances.starvation.text): the machine is busy") }
    }

    /// From the last sample before this one that was not red to the first after it, or as far as it was looked; milliseconds.
    private static func redFor(_ index: Int, in samples: [ChaosObservations.HealthSample]) -> Int64 {
        let before = samples[..<index].last(where: \.isGreen) ?? samples[0]
        let after = samples[index...].first(where: \.isGreen) ?? samples[samples.count - 1]
        return after.at - before.at
    }
}
