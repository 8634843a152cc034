/// Growing pauses between attempts: each up to twice the last, jittered to between half and the whole, so that processes which lost
/// their connections together do not come back together.
struct Backoff {
    private let first: Duration
    private let maximum: Duration
    private var ceiling: Duration

    init(first: Duration, maximum: Duration) {
        precondition(first > .zero && first <= maximum)
        self.first = first
        self.maximum = maximum
        ceiling = first
    }

    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let pause = ceiling * Double.random(in: 0.5...1, using: &generator)
        ceiling = min(ceiling * 2, maximum)
        return pause
    }

    mutating func reset() { ceiling = first }
}
