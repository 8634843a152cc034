import JSON

/// What one subscription holds in one coin of its account.
public struct Sleeve: Sendable, Equatable {
    public static let empty = Sleeve()

    /// Signed coins: positive long, negative short.
    public var position: Size
    /// Average price paid for what is held; `nil` when flat.
    public var averageEntry: Price?
    /// The signal that opened it, or whose ``residue`` waits for a first order. `nil` when flat, but kept where the subscriber closed it by hand.
    public var lifecycle: SignalID?
    /// Coins, unsigned, of reductions that were decided and not carried out. The next exit includes them.
    public var owed: Size
    /// The last job whose reduction `owed` accounts for, so that a share is applied once however often the job is prepared.
    public var owedThrough: JobID?
    /// Follower coins per leader coin of what is really held: set by the first fill of the life, changed by clipped increases.
    public var k: Ratio?
    /// Coins, unsigned, on the position's side, that were too few for an order and wait for more, and until which fill of the
    /// leader's, exchange milliseconds.
    public var residue: Size
    public var residueUntil: Int64?
    /// Coins, unsigned, that triggers mirroring the leader's have closed before the leader's own fill was told: its next reductions have
    /// been met by so much.
    public var ahead: Size
    /// Coins, unsigned, that limit orders mirroring the leader's have bought before the leader's own fill was told: its next increases have
    /// been met by so much at most (``boughtAhead(of:)``).
    public var boughtAhead: Size
    /// The subscriber traded here by hand: no entries until the leader is flat.
    public var isManual: Bool
    /// Counts the changes.
    public var revision: Int64
    /// Exits in a row that ended without a fill: none of them changed anything, and the next one is another.
    public var fruitlessExits: Int64
    /// Whether it was opened against the leader's side, whatever the subscription says since; `nil` when that is not known.
    public var isInverse: Bool?

    /// Nothing worth keeping.
    public var isEmpty: Bool { position.isZero && owed.isZero && residue.isZero && !isManual }

    public init(
        position: Size = .zero, averageEntry: Price? = nil, lifecycle: SignalID? = nil, owed: Size = .zero, owedThrough: JobID? = nil,
        k: Ratio? = nil, residue: Size = .zero, residueUntil: Int64? = nil, ahead: Size = .zero, boughtAhead: Size = .zero,
        isManual: Bool = false, revision: Int64 = 0, fruitlessExits: Int64 = 0, isInverse: Bool? = nil
    ) {
        self.position = position
        self.averageEntry = averageEntry
        self.lifecycle = lifecycle
        self.owed = owed
        self.owedThrough = owedThrough
        self.k = k
        self.residue = residue
        self.residueUntil = residueUntil
        self.ahead = ahead
        self.boughtAhead = boughtAhead
        self.isManual = isManual
        self.revision = revision
        self.fruitlessExits = fruitlessExits
        self.isInverse = isInverse
    }

    /// The sleeve after a fill, or after several at their average price.
    /// - Parameters:
    ///   - size: coins, unsigned; zero changes nothing.
    ///   - lifecycle: of the job the fill belongs to; kept when the fill adds to the position.
    public func applying(side: Side, size: Size, price: Price, lifecycle: SignalID?) -> Sleeve {
        guard !size.isZero else { return self }
        var next = self
        next.revision += 1
        next.fruitlessExits = 0
        next.position += Size(e8: side.sign * size.magnitude.e8)
        if next.position.isZero {
            next.isInverse = nil
            next.averageEntry = nil
            next.lifecycle = nil
            next.k = nil
            next.residue = .zero
            next.residueUntil = nil
            next.ahead = .zero
            next.boughtAhead = .zero
        } else if position.isZero || position.sign != next.position.sign {
            next.averageEntry = price
            next.lifecycle = lifecycle
            next.k = nil
            next.ahead = .zero
            next.boughtAhead = .zero
        } else if next.position.magnitude > position.magnitude {
            next.averageEntry = average(adding: size.magnitude, at: price)
            next.lifecycle = lifecycle ?? next.lifecycle
        }
        next.owed = min(next.owed, next.position.magnitude)
        return next
    }

    /// The sleeve after an attempt has ended, however much it filled: for an exit, what it left undone stays owed.
    /// - Parameter averagePrice: of what was filled; may be `nil` when nothing was.
    public func settling(_ intent: OrderIntent, job: ExecutionJob, filled: Size, averagePrice: Price?) -> Sleeve {
        var next = applying(side: intent.side, size: filled, price: averagePrice ?? intent.limit, lifecycle: job.lifecycle)
        guard job.action.isEntry else {
            if !next.position.isZero { next.ahead = meetingAhead(of: job).ahead }
            return next.settlingExit(intent, job: job, filled: filled.magnitude)
        }
        // A reduction that was owed has been met by buying less, and so has what was bought ahead.
        next.owed = .zero
        next.boughtAhead = meetingBoughtAhead(of: job).boughtAhead
        next.keepResidue(intent.residue, of: job)
        guard !filled.isZero, let terms = job.terms, !terms.leaderEnd.isZero else { return next }
        if position.isZero || beginsAnew(with: job) { next.begin(by: terms) }
        // what does not follow the leader's size is no share of it
        if next.k == nil ? terms.followsLeader : intent.correctsK {
            // What waits is to be bought yet, so it counts as held: it is not missing from the share.
            next.measure(next.position.magnitude + next.residue, by: terms)
        }
        return next
    }

    /// Whether `job` opens another life than the one that what is held was left by.
    private func beginsAnew(with job: ExecutionJob) -> Bool { job.action == .open && lifecycle != job.lifecycle }

    /// The sleeve when what an entry would buy is held already, as a reduction that is owed: it is met by not giving that up.
    func keeping(_ size: Size, for job: ExecutionJob) -> Sleeve {
        var next = self
        next.owed -= size
        next.residue = .zero
        next.residueUntil = nil
        next.revision += 1
        guard beginsAnew(with: job), let terms = job.terms, !terms.leaderEnd.isZero else { return next }
        next.lifecycle = job.lifecycle
        next.begin(by: terms)
        if terms.followsLeader { next.measure(size, by: terms) }
        return next
    }

    /// What is held is of a life of its own from now on: on which side is known, and not what share it is.
    private mutating func begin(by terms: EntryTerms) {
        isInverse = position.sign != terms.leaderEnd.sign
        k = nil
    }

    /// So many coins follow the leader's position of now; what is out of range leaves the share as it was.
    private mutating func measure(_ size: Size, by terms: EntryTerms) {
        k = (try? Ratio(roundingUp: size, over: terms.leaderEnd.magnitude)) ?? k
    }

    private func settlingExit(_ intent: OrderIntent, job: ExecutionJob, filled: Size) -> Sleeve {
        var next = owing(max(intent.owed - filled, .zero), through: job.id)
        next.residue = next.position.isZero ? .zero : intent.residue
        if next.residue.isZero { next.residueUntil = nil }
        // The leader is flat: a new life begins without what the subscriber did in this one.
        if job.action == .close { next.isManual = false }
        return next
    }

    /// Stores what an entry leaves to be bought later; a life may begin with that alone.
    mutating func keepResidue(_ size: Size, of job: ExecutionJob) {
        if residue == size, size.isZero { return }
        residue = size
        residueUntil = size.isZero ? nil : job.leaderFillTime + (job.terms?.accumulateMilliseconds ?? 0)
        if !size.isZero, position.isZero || lifecycle == nil { lifecycle = job.lifecycle }
        revision += 1
    }

    /// Coins that still wait at the leader's fill of `job`; older ones are dropped.
    func liveResidue(for job: ExecutionJob) -> Size {
        guard let residueUntil, job.leaderFillTime <= residueUntil else { return .zero }
        return residue
    }

    /// The sleeve after a fill of a limit order that mirrors the leader's: the leader's own may be told later, or never.
    /// - Parameter lifecycle: that the order was to add to.
    public func applyingEntry(side: Side, size: Size, price: Price, lifecycle: SignalID?) -> Sleeve {
        var next = applying(side: side, size: size, price: price, lifecycle: lifecycle)
        if position.sign == Int(side.sign) { next.boughtAhead += size.magnitude }
        return next
    }

    /// Coins held, those that wait to be bought included and those that are owed not, beyond the share of the leader's position; `nil` when
    /// that is not known.
    public func excess(over leader: Size) -> Size? {
        guard let k, let share = try? k * leader.magnitude else { return nil }
        return max(position.magnitude - min(owed, position.magnitude) + residue - share, .zero)
    }

    /// Coins that mirrored limit orders have bought of what the leader adds to `leader`, its signed position. An increase of the leader's
    /// that was skipped has been met by them as well: they are no excess after it.
    public func boughtAhead(of leader: Size) -> Size { boughtAhead.isZero ? .zero : min(boughtAhead, excess(over: leader) ?? boughtAhead) }

    /// What the exchange does not hold cannot be closed: the sleeve, down to what there is.
    /// - Parameter missing: coins, unsigned; no more than is held are given up.
    public func givingUp(_ missing: Size) -> Sleeve {
        applying(side: position.e8 > 0 ? .sell : .buy, size: min(missing, position.magnitude), price: averageEntry ?? .zero, lifecycle: lifecycle)
    }

    /// The sleeve once what was bought ahead has met the increase of `job`.
    func meetingBoughtAhead(of job: ExecutionJob) -> Sleeve {
        guard !boughtAhead.isZero, let terms = job.terms, terms.followsLeader else { return self }
        var next = self
        let asked = k.flatMap { try? $0 * (terms.leaderEnd - terms.leaderStart).magnitude } ?? .zero
        next.boughtAhead = max(boughtAhead(of: terms.leaderStart) - asked, .zero)
        if next != self { next.revision += 1 }
        return next
    }

    /// The sleeve after a fill of a trigger that mirrors the leader's: the leader's own is told later.
    public func applyingMirrored(side: Side, size: Size, price: Price) -> Sleeve {
        var next = applying(side: side, size: size, price: price, lifecycle: lifecycle)
        if !next.position.isZero, next.position.sign == position.sign { next.ahead += position.magnitude - next.position.magnitude }
        return next
    }

    /// Coins that the leader's reduction by `share` asks for, those closed ahead of it included; `nil` when that is out of range.
    func reduction(by share: Ratio) -> Size? { try? share * (position.magnitude - min(owed, position.magnitude) + ahead) }

    /// The sleeve once what was closed ahead of `job` has met its share, which counts once however often the job is prepared.
    func meetingAhead(of job: ExecutionJob) -> Sleeve {
        guard !ahead.isZero, owedThrough != job.id, case .share(let share) = job.quantity, let asked = reduction(by: share) else {
            return self
        }
        var next = self
        next.ahead -= min(ahead, asked)
        next.revision += 1
        return next
    }

    /// The sleeve when the exits up to and including `job` leave `size` to be given up.
    func owing(_ size: Size, through job: JobID) -> Sleeve {
        var next = self
        next.owed = min(size, position.magnitude)
        next.owedThrough = job
        if next != self { next.revision += 1 }
        return next
    }

    private func average(adding size: Size, at price: Price) -> Price {
        guard let averageEntry else { return price }
        let held = Int128(position.magnitude.e8)
        let added = Int128(size.e8)
        guard held + added > 0 else { return averageEntry }
        // Between two accepted prices, so it is in range.
        return Price(e8: Int64(clamping: (held * Int128(averageEntry.e8) + added * Int128(price.e8)) / (held + added)))
    }
}

extension Sleeve {
    /// As it is put on record: without what is as in an empty one; `null` when nothing is worth keeping.
    public var record: JSON {
        guard !isEmpty, case .object(let members) = json else { return .null }
        let usual = ["owedThrough", "avgPx", "lifecycle", "k", "residueUntilMs"]
        return .object(members.filter { member in
            if usual.contains(member.name) { return member.value != .null }
            if member.name == "residue" { return !residue.isZero }
            return member.name != "manual" || isManual
        })
    }

    public var json: JSON {
        var members: [(String, JSON)] = [
            ("position", .string("\(position)")), ("avgPx", .string(orNull: averageEntry?.description)),
            ("lifecycle", .string(orNull: lifecycle?.text)), ("owed", .string("\(owed)")), ("owedThrough", .string(orNull: owedThrough?.text)),
            ("k", .string(orNull: k?.description)), ("residue", .string("\(residue)")),
            ("residueUntilMs", residueUntil.map { .integer($0) } ?? .null), ("manual", .bool(isManual)), ("rev", .integer(revision)),
        ]
        if fruitlessExits > 0 { members.append(("fruitlessExits", .integer(fruitlessExits))) }
        if let isInverse { members.append(("inverse", .bool(isInverse))) }
        if !ahead.isZero { members.append(("ahead", .string("\(ahead)"))) }
        if !boughtAhead.isZero { members.append(("boughtAhead", .string("\(boughtAhead)"))) }
        return members.asObject
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            position: try json.decimal("position"), averageEntry: try json.maybeDecimal("avgPx"),
            lifecycle: try json.maybe("lifecycle") { value throws(JSONError) in SignalID(try value.asString()) },
            owed: try json.decimal("owed"),
            owedThrough: try json.maybe("owedThrough") { value throws(JSONError) in JobID(try value.asString()) },
            k: json["k"] == nil ? nil : try json.exactRatio("k"),
            residue: try json.maybeDecimal("residue") ?? .zero,
            residueUntil: try json.maybeMilliseconds("residueUntilMs"),
            ahead: try json.maybeDecimal("ahead") ?? .zero, boughtAhead: try json.maybeDecimal("boughtAhead") ?? .zero,
            isManual: try json.maybe("manual") { value throws(JSONError) in try value.asBool() } ?? false,
            revision: try json.integer("rev", 0...1_000_000_000_000_000), fruitlessExits: try json["fruitlessExits"] == nil ? 0 : json.integer("fruitlessExits"),
            isInverse: try json.maybe("inverse") { value throws(JSONError) in try value.asBool() })
    }
}
