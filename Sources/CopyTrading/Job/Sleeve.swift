import JSON

/// What one subscription holds in one coin of its account.
public struct Sleeve: Sendable, Equatable {
    public static let empty = Sleeve()

    /// Signed coins: positive long, negative short.
    public var position: Size
    /// Average price paid for what is held; `nil` when flat.
    public var averageEntry: Price?
    /// The signal that opened it; `nil` when flat.
    public var lifecycle: SignalID?
    /// Coins, unsigned, of reductions that were decided and not carried out. The next exit includes them.
    public var owed: Size
    /// The last job whose reduction `owed` accounts for, so that a share is applied once however often the job is prepared.
    public var owedThrough: JobID?
    /// Counts the changes.
    public var revision: Int64

    public init(
        position: Size = .zero, averageEntry: Price? = nil, lifecycle: SignalID? = nil, owed: Size = .zero, owedThrough: JobID? = nil,
        revision: Int64 = 0
    ) {
        self.position = position
        self.averageEntry = averageEntry
        self.lifecycle = lifecycle
        self.owed = owed
        self.owedThrough = owedThrough
        self.revision = revision
    }

    /// The sleeve after a fill, or after several at their average price.
    /// - Parameters:
    ///   - size: coins, unsigned; zero changes nothing.
    ///   - lifecycle: of the job the fill belongs to; kept when the fill adds to the position.
    public func applying(side: Side, size: Size, price: Price, lifecycle: SignalID?) -> Sleeve {
        guard !size.isZero else { return self }
        var next = self
        next.revision += 1
        next.position += Size(e8: side.sign * size.magnitude.e8)
        if next.position.isZero {
            next.averageEntry = nil
            next.lifecycle = nil
        } else if position.isZero || position.sign != next.position.sign {
            next.averageEntry = price
            next.lifecycle = lifecycle
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
        let next = applying(side: intent.side, size: filled, price: averagePrice ?? intent.limit, lifecycle: job.lifecycle)
        return job.action.isEntry ? next : next.owing(max(intent.owed - filled.magnitude, .zero), through: job.id)
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
        // Between two accepted prices, so it is in range.
        return Price(e8: Int64((held * Int128(averageEntry.e8) + added * Int128(price.e8)) / (held + added)))
    }
}

extension Sleeve {
    public var json: JSON {
        [
            "position": .string("\(position)"), "avgPx": .string(orNull: averageEntry?.description),
            "lifecycle": .string(orNull: lifecycle?.text), "owed": .string("\(owed)"), "owedThrough": .string(orNull: owedThrough?.text),
            "rev": .integer(revision),
        ]
    }

    public init(json: JSON) throws(JSONError) {
        self.init(
            position: try json.decimal("position"), averageEntry: try json.maybeDecimal("avgPx"),
            lifecycle: try json.maybe("lifecycle") { value throws(JSONError) in SignalID(try value.asString()) },
            owed: try json.decimal("owed"),
            owedThrough: try json.maybe("owedThrough") { value throws(JSONError) in JobID(try value.asString()) },
            revision: try json.integer("rev"))
    }
}
