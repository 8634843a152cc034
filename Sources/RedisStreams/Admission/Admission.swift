/// Whether entries are let into the pipeline. Exits always are: what is reduced or closed is never shed.
public struct Admission: Sendable, Equatable {
    public enum Level: String, Sendable, Comparable, CaseIterable {
        /// Everything is let in.
        case open
        /// Signals that only add risk are published as shed: on record, and copied by nobody.
        case shedding
        /// They are not published at all, but declared as left out, in Postgres: what Redis has left is for exits.
        case closing

        public static func < (a: Self, b: Self) -> Bool { allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)! }
    }

    public struct Limits: Sendable, Equatable {
        /// Entries of all stages that are not done.
        public var backlog: Int64
        /// Percent of Redis' `maxmemory`.
        public var shedding: Int64 = 70
        public var closing: Int64 = 85
        /// A level is left only when memory is so many percent below where it begins, and the backlog at half of its limit: so that it
        /// does not come and go with every reading.
        public var relief: Int64 = 5

        public init(backlog: Int64) {
            precondition(backlog >= 1)
            self.backlog = backlog
        }
    }

    public let limits: Limits
    public private(set) var level = Level.open

    public init(_ limits: Limits) { self.limits = limits }

    /// Returns true when the level has changed.
    @discardableResult
    public mutating func update(_ load: PipelineLoad) -> Bool {
        let before = level
        let memory = load.memoryPercent
        let closes = memory >= limits.closing || level == .closing && memory > limits.closing - limits.relief
        let sheds = memory >= limits.shedding || load.backlog >= limits.backlog
            || level > .open && (memory > limits.shedding - limits.relief || load.backlog > limits.backlog / 2)
        level = closes ? .closing : sheds ? .shedding : .open
        return level != before
    }
}
