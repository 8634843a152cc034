import JSON

/// What a request was decided on, beside the signal in it and the settings of a configuration: with it the same decision can be made
/// again at any time.
public struct DecisionRecord: Sendable, Equatable {
    /// By the planner's clock, milliseconds since 1970.
    public var decidedAt: Int64
    /// Whose settings were in force: the version that matched the request, or a newer one.
    public var configVersion: Int64
    public var facts: PlanningFacts
    /// What was stored for the subscription and coin before; `nil` when nothing was.
    public var lifecycle: Lifecycle?
    /// The requests before it that were composed into this one, oldest first.
    public var composedOf: [RequestID]
    /// The request that this one was composed into: it was decided there, and nothing here.
    public var composedInto: RequestID?
    /// A later request that had an order already when the decision about this one was lost: jobs come in the order of the requests, so this
    /// one had none.
    public var passedBy: RequestID?

    public init(
        decidedAt: Int64, configVersion: Int64, facts: PlanningFacts, lifecycle: Lifecycle?, composedOf: [RequestID] = [],
        composedInto: RequestID? = nil, passedBy: RequestID? = nil
    ) {
        self.decidedAt = decidedAt
        self.configVersion = configVersion
        self.facts = facts
        self.lifecycle = lifecycle
        self.composedOf = composedOf
        self.composedInto = composedInto
        self.passedBy = passedBy
    }
}

extension DecisionRecord {
    /// The member `decision` of a job, and of a result that comes straight from the planner. What is not known, or as it is by default,
    /// is left out: it travels with every order.
    public var json: JSON {
        var members: [(String, JSON)] = [("decidedMs", .integer(decidedAt)), ("configVersion", .integer(configVersion))]
        let known = facts.known
        if !known.isEmpty { members.append(("facts", known.asObject)) }
        if let lifecycle { members.append(("lifecycle", lifecycle.json.withoutNulls)) }
        if !composedOf.isEmpty { members.append(("composedOf", .array(composedOf.map { .string($0.text) }))) }
        if let composedInto { members.append(("composedInto", .string(composedInto.text))) }
        if let passedBy { members.append(("passedBy", .string(passedBy.text))) }
        return members.asObject
    }

    /// Strict: a record with anything that is not understood would be decided again on less than it was decided on.
    public init(json: JSON) throws(JSONError) {
        self.init(
            decidedAt: try json.integer("decidedMs"), configVersion: try json.integer("configVersion"),
            facts: try json.maybe("facts", PlanningFacts.init(known:)) ?? .unknown,
            lifecycle: try json.maybe("lifecycle", Lifecycle.init(json:)),
            composedOf: try json["composedOf"] == nil
                ? [] : json.list("composedOf") { value throws(JSONError) in RequestID(try value.asString()) },
            composedInto: try json.maybe("composedInto") { value throws(JSONError) in RequestID(try value.asString()) },
            passedBy: try json.maybe("passedBy") { value throws(JSONError) in RequestID(try value.asString()) })
        for (name, time) in [("decidedMs", decidedAt), ("facts", facts.market.listedAt), ("facts", facts.leader.verifiedAt)] {
            if let time, !LeaderFill.times.contains(time) { throw JSONError(path: name, problem: "not a time since 1970") }
        }
        guard self.json == json else {
            throw JSONError(
                problem: "is not as this program writes it, \(self.json.text()): another version of it decided, or it was altered")
        }
    }
}

extension JSON {
    /// An object's members but those that are `null`.
    fileprivate var withoutNulls: JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.value != .null })
    }
}

extension PlanningFacts {
    /// Nothing is known.
    static let unknown = PlanningFacts(instrument: nil)

    /// Every member of the facts by the name it has in JSON. One that is missing here is not on record: then decisions that depend on
    /// it come out differently when they are made again.
    private static let members: [Member] = [
        Member("instrument", \.instrument),
        Member("globalState", \.states.global),
        Member("influencerState", \.states.influencer),
        Member("subscriberState", \.states.subscriber),
        Member("coinState", \.states.coin),
        Member("killLevel", \.safety.killLevel),
        Member("killReason", \.safety.killReason),
        Member("losses", \.safety.losses),
        Member("openBreakers", \.safety.openBreakers),
        Member("isFrozen", \.safety.isFrozen),
        Member("quote", \.market.quote),
        Member("markPx", \.market.mark),
        Member("listedMs", \.market.listedAt),
        Member("dailyVolatility", \.market.dailyVolatility),
        Member("leaderLeverage", \.leader.leverage),
        Member("leaderOrderMargin", \.leader.orderMargin),
        Member("leaderMarginBalance", \.leader.marginBalance),
        Member("leaderVerifiedMs", \.leader.verifiedAt),
        Member("account", \.account),
        Member("mayBeSent", \.mayBeSent),
    ]

    /// The members that are not as in ``unknown``.
    fileprivate var known: [(String, JSON)] {
        Self.members.compactMap { member in member.encode(self).map { (member.name, $0) } }
    }

    fileprivate init(known json: JSON) throws(JSONError) {
        guard case .object(let given) = json else { throw JSONError(problem: "expected an object, found \(json.kind)") }
        self = .unknown
        for item in given {
            guard let member = Self.members.first(where: { $0.name == item.name }) else {
                throw JSONError(path: item.name, problem: "no such fact is known to this program")
            }
            do { try member.decode(item.value, &self) } catch { throw error.inside(item.name) }
        }
    }

    /// One of ``members``.
    private struct Member: Sendable {
        let name: String
        /// `nil` when it is as in ``PlanningFacts/unknown``.
        let encode: @Sendable (PlanningFacts) -> JSON?
        let decode: @Sendable (JSON, inout PlanningFacts) throws(JSONError) -> Void

        init<Value: Fact>(_ name: String, _ path: WritableKeyPath<PlanningFacts, Value> & Sendable) {
            self.name = name
            let usual = PlanningFacts.unknown[keyPath: path]
            encode = { facts in
                let value = facts[keyPath: path]
                // A bare nil would be JSON's null.
                return value == usual ? Optional<JSON>.none : .some(value.fact)
            }
            decode = { json, facts throws(JSONError) in facts[keyPath: path] = try Value(fact: json) }
        }
    }
}

// MARK: - Kinds of facts

/// A value that a fact may have, as it is in a record.
private protocol Fact: Equatable, Sendable {
    var fact: JSON { get }
    init(fact: JSON) throws(JSONError)
}

extension Optional: Fact where Wrapped: Fact {
    var fact: JSON { self?.fact ?? .null }
    init(fact: JSON) throws(JSONError) { self = try Wrapped(fact: fact) }
}

extension Bool: Fact {
    var fact: JSON { .bool(self) }
    init(fact: JSON) throws(JSONError) { self = try fact.asBool() }
}

extension Int: Fact {
    var fact: JSON { .integer(self) }
    init(fact: JSON) throws(JSONError) { self = Int(try fact.asInteger()) }
}

extension Int64: Fact {
    var fact: JSON { .integer(self) }
    init(fact: JSON) throws(JSONError) { self = try fact.asInteger() }
}

extension String: Fact {
    var fact: JSON { .string(self) }
    init(fact: JSON) throws(JSONError) { self = try fact.asString() }
}

extension [String]: Fact {
    var fact: JSON { .array(map(JSON.string)) }
    init(fact: JSON) throws(JSONError) { self = try fact.map { value throws(JSONError) in try value.asString() } }
}

extension FixedPoint {
    fileprivate var decimal: JSON { .string(description) }
    fileprivate init(decimal json: JSON) throws(JSONError) {
        let text = try json.asString()
        do { try self.init(parsing: text) } catch { throw JSONError(problem: error.description) }
    }
}

extension Price: Fact {
    var fact: JSON { decimal }
    init(fact: JSON) throws(JSONError) { try self.init(decimal: fact) }
}

extension Notional: Fact {
    var fact: JSON { decimal }
    init(fact: JSON) throws(JSONError) { try self.init(decimal: fact) }
}

extension Ratio: Fact {
    var fact: JSON { .string(description) }
    init(fact: JSON) throws(JSONError) {
        let text = try fact.asString()
        do { try self.init(exactly: text) } catch { throw JSONError(problem: error.description) }
    }
}

extension CopyState: Fact {
    var fact: JSON { .string(rawValue) }
    init(fact: JSON) throws(JSONError) {
        let text = try fact.asString()
        guard let state = CopyState(rawValue: text) else { throw JSONError(problem: "\"\(text)\" is no state") }
        self = state
    }
}

extension KillLevel: Fact {
    var fact: JSON { .integer(rawValue) }
    init(fact: JSON) throws(JSONError) {
        let number = try fact.asInteger()
        guard let level = KillLevel(rawValue: Int(number)) else { throw JSONError(problem: "\(number) is no level of the kill switch") }
        self = level
    }
}

extension LossLimits.Verdict: Fact {
    var fact: JSON {
        switch self {
        case .clear: ["verdict": "clear"]
        case .entriesOff(let outcome, let detail):
            ["verdict": "entries_off", "outcome": .string(outcome.rawValue), "detail": .string(detail)]
        case .flatten(let outcome, let detail): ["verdict": "flatten", "outcome": .string(outcome.rawValue), "detail": .string(detail)]
        }
    }

    init(fact: JSON) throws(JSONError) {
        switch try fact.string("verdict") {
        case "clear": self = .clear
        case "entries_off": self = .entriesOff(try fact.choice("outcome"), try fact.string("detail"))
        case "flatten": self = .flatten(try fact.choice("outcome"), try fact.string("detail"))
        case let other: throw JSONError(path: "verdict", problem: "\"\(other)\" is none of clear, entries_off, flatten")
        }
    }
}

extension Instrument: Fact {
    var fact: JSON {
        var members: [(String, JSON)] = [
            ("coin", .string(coin.text)), ("asset", .integer(asset)), ("szDecimals", .integer(sizeDecimals)),
            ("maxLeverage", .integer(maximumLeverage)),
        ]
        if onlyIsolated { members.append(("onlyIsolated", true)) }
        if isDelisted { members.append(("isDelisted", true)) }
        return members.asObject
    }

    init(fact: JSON) throws(JSONError) {
        self.init(
            coin: Coin(try fact.string("coin")), asset: Int(try fact.integer("asset")), sizeDecimals: Int(try fact.integer("szDecimals")),
            maximumLeverage: Int(try fact.integer("maxLeverage")), onlyIsolated: try fact.maybe("onlyIsolated", Bool.init(fact:)) ?? false,
            isDelisted: try fact.maybe("isDelisted", Bool.init(fact:)) ?? false)
        // Prices are rounded by it, and the rounding takes no other.
        guard (0...8).contains(sizeDecimals) else { throw JSONError(path: "szDecimals", problem: "\(sizeDecimals) is not within 0…8") }
    }
}

extension Quote: Fact {
    var fact: JSON {
        var members: [(String, JSON)] = [("refPx", reference.fact)]
        if let bestBid { members.append(("bidPx", bestBid.fact)) }
        if let bestAsk { members.append(("askPx", bestAsk.fact)) }
        return members.asObject
    }

    init(fact: JSON) throws(JSONError) {
        self.init(reference: try fact.decimal("refPx"), bestBid: try fact.maybeDecimal("bidPx"), bestAsk: try fact.maybeDecimal("askPx"))
    }
}

extension AccountFacts: Fact {
    var fact: JSON {
        [
            "equity": equity.fact, "freeMargin": freeMargin.fact, "maintenanceMargin": maintenanceMargin.fact,
            "grossNtl": grossNotional.fact, "netNtl": netNotional.fact, "coinNtl": coinNotional.fact,
        ]
    }

    init(fact: JSON) throws(JSONError) {
        self.init(
            equity: try fact.decimal("equity"), freeMargin: try fact.decimal("freeMargin"),
            maintenanceMargin: try fact.decimal("maintenanceMargin"), grossNotional: try fact.decimal("grossNtl"),
            netNotional: try fact.decimal("netNtl"), coinNotional: try fact.decimal("coinNtl"))
    }
}
