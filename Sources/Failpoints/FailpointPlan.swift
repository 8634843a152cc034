/// What happens at which points, as text: `work.after_journal=kill@37;match.before_commit=delay:20ms%1000`.
///
/// Parts are `POINT=ACTION@N` (at the N-th pass of this process, once) or `POINT=ACTION%N` (with probability 1/N at each pass), a point
/// at most once. Actions: `kill` (SIGKILL), `stop` (SIGSTOP: until somebody sends SIGCONT), `delay:TIME` (1us to 60s; the thread sleeps),
/// `throw` (an error as the effect's own failure would be, at points that have one).
public struct FailpointPlan: Sendable, Equatable, CustomStringConvertible {
    public enum Action: Sendable, Equatable {
        case kill, stop
        case delay(microseconds: Int)
        /// `throw` in the text.
        case fail
    }

    public enum Moment: Sendable, Equatable {
        case pass(Int)
        case oneIn(Int)
    }

    public struct Order: Sendable, Equatable {
        public let point: Failpoint
        public let action: Action
        public let moment: Moment
        /// The part of the text.
        public let text: String
    }

    /// The part of a text that cannot be read.
    public struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        public let part: String
        public let expected: String

        public var description: String { "\"\(part)\": expected \(expected)" }
    }

    public let orders: [Order]
    public let seed: UInt64

    public var description: String { orders.map(\.text).joined(separator: ";") }

    /// - Parameter seed: of the draws; the same seed, point and pass always decide the same.
    public init(parsing text: String, seed: UInt64) throws(Fault) {
        var orders: [Order] = []
        for part in text.split(separator: ";", omittingEmptySubsequences: false) {
            let order = try Self.order(String(part))
            guard !orders.contains(where: { $0.point == order.point }) else { throw Fault(part: String(part), expected: "each point at most once") }
            orders.append(order)
        }
        self.orders = orders
        self.seed = seed
    }

    private static func order(_ part: String) throws(Fault) -> Order {
        func fault(_ expected: String) -> Fault { Fault(part: part, expected: expected) }
        let sides = part.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2 else { throw fault("POINT=ACTION@N or POINT=ACTION%N, such as work.after_journal=kill@37") }
        guard let point = Failpoint(rawValue: String(sides[0])) else {
            throw fault("one of the points " + Failpoint.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard let mark = sides[1].lastIndex(where: { $0 == "@" || $0 == "%" }), let count = number(sides[1][sides[1].index(after: mark)...]),
            (1...1_000_000_000).contains(count)
        else { throw fault("@N for the N-th pass or %N for one pass in N at its end, N from 1 to 1000000000") }
        guard let action = action(sides[1][..<mark]) else { throw fault("kill, stop, throw or delay:TIME such as delay:250ms (1us to 60s)") }
        guard action != .fail || point.canThrow else { throw fault("kill, stop or delay at a point that has no failure of its own") }
        return Order(point: point, action: action, moment: sides[1][mark] == "@" ? .pass(count) : .oneIn(count), text: part)
    }

    private static func action(_ text: Substring) -> Action? {
        switch text {
        case "kill": return .kill
        case "stop": return .stop
        case "throw": return .fail
        default:
            let units = [("us", 1), ("ms", 1_000), ("s", 1_000_000)]
            guard text.hasPrefix("delay:"), let unit = units.first(where: { text.hasSuffix($0.0) }),
                let count = number(text.dropFirst(6).dropLast(unit.0.count)), (1...60_000_000).contains(count), count * unit.1 <= 60_000_000
            else { return nil }
            return .delay(microseconds: count * unit.1)
        }
    }

    private static func number(_ text: Substring) -> Int? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
    }
}

extension FailpointPlan {
    /// - Parameter pass: from 1.
    func happens(_ order: Order, pass: Int) -> Bool {
        switch order.moment {
        case .pass(let number): return pass == number
        case .oneIn(let number):
            // FNV-1a of the name, then splitmix64: a draw depends on nothing but seed, point and pass
            var hash = order.point.rawValue.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            hash ^= seed &* 0xd6e8_feb8_6659_fd93
            var state = hash &+ UInt64(pass) &* 0x9e37_79b9_7f4a_7c15
            state = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            state = (state ^ (state >> 27)) &* 0x94d0_49bb_1331_11eb
            return (state ^ (state >> 31)) % UInt64(number) == 0
        }
    }
}
