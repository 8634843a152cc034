import CopyTrading
import JSON
import Yams

/// A sort of value: how it is read from a file or from the database, how it is written, and what people are told of its range.
struct ValueKind<Value: Sendable>: Sendable {
    let range: String
    /// `nil` after a fault.
    let read: @Sendable (Node, Place, FaultList) -> Value?
    let write: @Sendable (Value) -> JSON

    static func scalar(
        _ range: String, _ parse: @escaping @Sendable (String) -> Result<Value, Problem>, _ format: @escaping @Sendable (Value) -> String
    ) -> ValueKind {
        ValueKind(
            range: range,
            read: { node, place, faults in
                guard let text = node.scalar?.string else {
                    faults.add(place, "is \(node.kindName), expected a single value")
                    return nil
                }
                switch parse(text) {
                case .success(let value): return value
                case .failure(let problem):
                    faults.add(place, value: text, problem.text)
                    return nil
                }
            }, write: { .string(format($0)) })
    }

    /// Of elements that may be given once each.
    static func list<Element: Hashable & Comparable & Sendable>(
        _ range: String, _ parse: @escaping @Sendable (String) -> Result<Element, Problem>,
        _ format: @escaping @Sendable (Element) -> String
    ) -> ValueKind where Value == Set<Element> {
        ValueKind(
            range: range,
            read: { node, place, faults in
                guard let sequence = node.sequence else {
                    faults.add(place, value: node.scalar?.string, "is \(node.kindName), expected a list")
                    return nil
                }
                var found: Set<Element> = []
                let before = faults.faults.count
                for (index, element) in sequence.enumerated() {
                    let place = place.element(index, line: element.line)
                    guard let text = element.scalar?.string else {
                        faults.add(place, "is \(element.kindName), expected a single value")
                        continue
                    }
                    switch parse(text) {
                    case .success(let value): if !found.insert(value).inserted { faults.add(place, value: text, "is given twice") }
                    case .failure(let problem): faults.add(place, value: text, problem.text)
                    }
                }
                return faults.faults.count == before ? found : nil
            }, write: { .array($0.sorted().map { .string(format($0)) }) })
    }

    /// The same, or `none`.
    var orNone: ValueKind<Value?> {
        ValueKind<Value?>(
            range: "\(range), or none",
            read: { node, place, faults in
                if node.scalar?.string == "none" { return .some(nil) }
                return read(node, place, faults).map { .some($0) }
            }, write: { $0.map(write) ?? .string("none") })
    }
}

extension ValueKind where Value == Notional {
    static var money: Self { .scalar("USDC, more than 0", ValueParsing.money, \.description) }
}

extension ValueKind where Value == Ratio {
    static var ratio: Self { .scalar("more than 0", ValueParsing.ratio, \.description) }
}

extension ValueKind where Value == Bool {
    static var flag: Self { .scalar("true or false", ValueParsing.flag, { String($0) }) }
}

extension ValueKind where Value: FixedWidthInteger {
    static func integer(_ range: ClosedRange<Value>) -> Self where Value: Sendable {
        .scalar("\(range.lowerBound)…\(range.upperBound)", ValueParsing.integer(range), { String($0) })
    }
}

extension ValueKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: Self {
        .scalar(Value.allCases.map(\.rawValue).joined(separator: ", "), { ValueParsing.choice($0) }, \.rawValue)
    }
}

extension ValueKind where Value == Set<CoinPattern> {
    static var coins: Self { .list("a list of coins, * and ? stand for any characters and one", ValueParsing.coinPattern, \.text) }
}

extension ValueKind where Value == JoinPolicy {
    static var joining: Self {
        .scalar(
            "ignore_until_flat, copy_now_if_better, copy_now_within N (bps, 1…5000), copy_now_always", ValueParsing.joining,
            { policy in
                switch policy {
                case .ignoreUntilFlat: "ignore_until_flat"
                case .copyIfBetter: "copy_now_if_better"
                case .copyWithin(let basisPoints): "copy_now_within \(basisPoints)"
                case .copyAlways: "copy_now_always"
                }
            })
    }
}

extension ValueKind where Value == LeverageSetting {
    static var leverage: Self {
        .scalar(
            "match N (the leader's, at most N), fixed N, N in 1…100, or keep (as the account has it)", ValueParsing.leverage,
            { setting in
                switch setting {
                case .matching(let maximum): "match \(maximum)"
                case .fixed(let leverage): "fixed \(leverage)"
                case .keep: "keep"
                }
            })
    }
}

extension ValueKind where Value == TradingSchedule {
    static var schedule: Self {
        ValueKind(
            range: "a list of UTC windows such as \"mon-fri 08:00-20:00\", at most \(TradingSchedule.mostWindows)",
            read: { node, place, faults in
                guard let sequence = node.sequence else {
                    faults.add(place, value: node.scalar?.string, "is \(node.kindName), expected a list")
                    return nil
                }
                guard sequence.count <= TradingSchedule.mostWindows else {
                    faults.add(place, "has \(sequence.count) windows, at most \(TradingSchedule.mostWindows) are allowed")
                    return nil
                }
                var windows: [TradingSchedule.Window] = []
                for (index, element) in sequence.enumerated() {
                    guard let window = element.scalar.flatMap({ TradingSchedule.Window($0.string) }) else {
                        faults.add(
                            place.element(index, line: element.line), value: element.scalar?.string,
                            "is no window such as mon-fri 08:00-20:00")
                        return nil
                    }
                    windows.append(window)
                }
                return TradingSchedule(windows: windows)
            }, write: { .array($0.windows.map { .string($0.description) }) })
    }
}
