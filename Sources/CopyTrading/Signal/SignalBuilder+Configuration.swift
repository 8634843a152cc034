extension SignalBuilder {
    /// Waiting times are microseconds unless the name says otherwise.
    public struct Configuration: Sendable, Equatable {
        /// How long a fill that does not continue the known position waits for the fills before it.
        public var reorderHold: Int64
        /// How much longer it waits for the backfill that is then asked for.
        public var backfillHold: Int64
        /// Whether fills of spot markets become signals.
        public var includesSpot: Bool
        /// Most trade ids remembered for recognising duplicates.
        public var seenLimit: Int
        /// Age in exchange milliseconds past which they are forgotten.
        public var seenHorizonMilliseconds: Int64
        /// Most fills of one coin that wait for missing ones; past it the gap is accepted at once.
        public var heldLimit: Int

        public init(
            reorderHold: Int64 = 250_000, backfillHold: Int64 = 1_000_000, includesSpot: Bool = false, seenLimit: Int = 20_000,
            seenHorizonMilliseconds: Int64 = 600_000, heldLimit: Int = 2_000
        ) {
            precondition(reorderHold >= 0 && backfillHold >= 0 && heldLimit > 0, "holds must not be negative")
            self.reorderHold = reorderHold
            self.backfillHold = backfillHold
            self.includesSpot = includesSpot
            self.seenLimit = seenLimit
            self.seenHorizonMilliseconds = seenHorizonMilliseconds
            self.heldLimit = heldLimit
        }
    }
}
