import CopyTrading

/// A fault and when it happens.
struct FaultRule: Equatable {
    var fault: Fault
    var trigger: Trigger
    /// Only for requests and sockets whose path starts with this.
    var path: String?
    /// So many times more; `nil` without end.
    var remaining: Int?
    /// Occasions that came by, and on how many of them it happened.
    fileprivate(set) var seen = 0
    fileprivate(set) var fired = 0

    enum Trigger: Equatable {
        /// On every n-th occasion.
        case every(Int)
        /// With this probability, in millionths.
        case perMillion(Int)
    }

    init(_ fault: Fault, _ trigger: Trigger = .every(1), path: String? = nil, remaining: Int? = nil) {
        self.fault = fault
        self.trigger = trigger
        self.path = path
        self.remaining = remaining
    }
}

/// Which faults happen on which occasion: a function of its seed and the occasions, so that a seed repeats a run.
struct FaultPlan {
    private(set) var rules: [FaultRule] = []
    /// How often each kind happened since the start, by its name.
    private(set) var fired: [String: Int] = [:]
    private(set) var seed: UInt64
    private var state: UInt64

    static let maximumRules = 100

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// - Parameter rules: as on the command line, see ``FaultRule/init(parsing:)``.
    /// - Throws: naming the rule that cannot be read.
    init(seed: UInt64, rules texts: [String]) throws(HyperSimError) {
        self.init(seed: seed)
        for text in texts {
            let rule: FaultRule
            do { rule = try FaultRule(parsing: text) } catch { throw .configuration("fault \(text): \(error)") }
            guard add(rule) else { throw .configuration("more than \(Self.maximumRules) faults") }
        }
    }

    /// - Returns: false when there are too many rules already.
    mutating func add(_ rule: FaultRule) -> Bool {
        guard rules.count < Self.maximumRules else { return false }
        rules.append(rule)
        return true
    }

    /// Ends every rule; what happened stays counted.
    mutating func clear() { rules.removeAll() }

    /// Starts the random numbers anew.
    mutating func reseed(_ seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// What happens on this occasion, in the order of the rules.
    mutating func draw(_ point: Fault.Point, path: some StringProtocol) -> [Fault] {
        guard !rules.isEmpty else { return [] }
        var happening: [Fault] = []
        for index in rules.indices where rules[index].fault.point == point && rules[index].path.map(path.hasPrefix) ?? true {
            rules[index].seen += 1
            guard rules[index].remaining != 0, happens(rules[index]) else { continue }
            if let remaining = rules[index].remaining { rules[index].remaining = remaining - 1 }
            rules[index].fired += 1
            note(rules[index].fault.name)
            happening.append(rules[index].fault)
        }
        return happening
    }

    /// Counts what happened by other means.
    mutating func note(_ name: String) { fired[name, default: 0] += 1 }

    /// 64 random bits.
    mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Mixer.finalised(state)
    }

    private mutating func happens(_ rule: FaultRule) -> Bool {
        switch rule.trigger {
        case .every(let count): rule.seen % count == 0
        case .perMillion(let probability): random() % 1_000_000 < UInt64(probability)
        }
    }
}

/// The one plan that connections and publisher draw from.
final class FaultInjector {
    var plan: FaultPlan

    init(plan: FaultPlan) { self.plan = plan }

    func draw(_ point: Fault.Point, path: some StringProtocol) -> [Fault] { plan.draw(point, path: path) }
}
