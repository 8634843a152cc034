/// Which faults come, in which order, with which seed of their own: a function of the run's seed alone.
///
/// Kinds are dealt like cards: all once in random order, then all again, so that none is left out of a long run.
struct FaultSchedule: Sendable {
    struct Planned: Sendable, Equatable {
        var kind: FaultKind
        /// For what is random within the fault.
        var seed: UInt64
        /// The next one begins while this one lasts, when they do not use the same thing.
        var overlaps: Bool
        /// Milliseconds between its end and the next fault.
        var pause: Int64
    }

    private let kinds: [FaultKind]
    private var deck: [FaultKind] = []
    private var generator: SeededGenerator

    init(kinds: [FaultKind], seed: UInt64) {
        self.kinds = kinds
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> Planned {
        if deck.isEmpty { deck = kinds.shuffled(using: &generator) }
        return Planned(
            kind: deck.removeLast(), seed: generator.next(), overlaps: Int.random(in: 0..<3, using: &generator) == 0,
            pause: Int64.random(in: 300...2_500, using: &generator))
    }
}

extension FaultSchedule {
    /// The first few, for people.
    var preview: String {
        var copy = self
        return "first " + (0..<3).map { _ in copy.next().kind.rawValue }.joined(separator: ", ")
    }
}
