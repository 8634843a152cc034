/// One piece of work, done by us and by a reference, each by itself on an otherwise idle machine.
protocol MicroBenchmark: Sendable {
    var name: MicroName { get }
    /// What is counted: `orders`.
    var unit: String { get }
    /// What the reference is, for people.
    var reference: String { get }

    /// Works for about so long, or through a fixed amount, and says how much it did; what it needs first is not counted.
    func oursRound(_ duration: Duration) async throws -> MicroSample
    func referenceRound(_ duration: Duration) async throws -> MicroSample
}

enum MicroName: String, CaseIterable, Sendable {
    case sign, decode, redisParse = "redis-parse", handOff = "hand-off", audit
}

struct MicroSample: Sendable {
    let items: Int
    let time: Duration
    /// Whatever the work led to, so that no compiler leaves it out.
    var witness = 0

    var perSecond: Double { Double(items) * 1_000_000 / Double(max(1, time.microseconds)) }

    /// Repeats a piece of work for a while.
    /// - Parameter work: items done, and a number that depends on what was done.
    static func repeating(for duration: Duration, _ work: () throws -> (items: Int, witness: Int)) rethrows -> MicroSample {
        let start = ContinuousClock.now
        var (items, witness) = (0, 0)
        var now = start
        while now - start < duration {
            let done = try work()
            items += done.items
            witness &+= done.witness
            now = .now
        }
        return MicroSample(items: items, time: now - start, witness: witness)
    }
}

/// Runs both sides in turn, so that what the machine does meanwhile meets both alike.
struct MicroRounds: Sendable {
    let rounds: Int
    let duration: Duration

    /// The first round of each side warms up and does not count; sides change who goes first.
    func measure(_ benchmark: some MicroBenchmark) async throws -> MicroResult {
        var result = MicroResult(name: benchmark.name, unit: benchmark.unit, reference: benchmark.reference)
        for round in 0...rounds {
            try Task.checkCancellation()
            var ours: MicroSample?
            if round.isMultiple(of: 2) { ours = try await benchmark.oursRound(duration) }
            let reference = try await benchmark.referenceRound(duration)
            let sample = if let ours { ours } else { try await benchmark.oursRound(duration) }
            guard round > 0 else { continue }
            result.ours.append(sample.perSecond)
            result.theirs.append(reference.perSecond)
            Terminal.complain(
                "\(benchmark.name.rawValue) \(round)/\(rounds): \(Format.figure(sample.perSecond.rounded())) \(benchmark.unit)/s, "
                    + "reference \(Format.figure(reference.perSecond.rounded()))")
        }
        return result
    }
}
