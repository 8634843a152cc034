import JSON

/// How one leader's signals reached many followers: when the last of them was served, and whether the first places went round.
struct FanoutReport: Sendable {
    let report: BenchReport
    private(set) var first = LatencySummary()
    private(set) var last = LatencySummary()
    let fairness: FanoutFairness
    /// Signals of which every follower's order was written.
    private(set) var complete = 0

    /// From the frame to the last order written, one leader and a thousand followers.
    static let target: Int64 = 60_000

    init(_ report: BenchReport) {
        self.report = report
        let signals = Dictionary(grouping: report.tally.copies, by: \.fill)
        for copies in signals.values {
            let times = copies.map { $0.times.duration(.receivedToSent) }
            guard let least = times.min(), let most = times.max() else { continue }
            first.record(microseconds: least)
            last.record(microseconds: most)
            if copies.count == report.options.fanOut { complete += 1 }
        }
        fairness = FanoutFairness(
            order: signals.sorted { $0.key < $1.key }.map { $0.value.sorted { $0.times.times.sent < $1.times.times.sent }.map(\.subscriber) })
    }

    func text(for terminal: Terminal = .output) -> String {
        var table = TargetTable()
        table.add(rows)
        let options = report.options
        var lines = [
            "one leader, \(Format.count(options.fanOut)) followers, \(options.rate * options.seconds) signals, one every \(1_000 / options.rate) ms; "
                + "\(options.work) workers, \(MachineUsage.processors) processors", "", table.text(for: terminal), "", fairness.text,
        ]
        if complete < options.rate * options.seconds {
            lines.append(terminal.styled("\(Format.count(complete)) signals reached every follower with an order", .yellow))
        }
        lines += report.faults.isEmpty
            ? [terminal.styled("nothing lost, nothing twice", .green)] : report.faults.map { terminal.styled("! \($0)", .red) }
        return lines.joined(separator: "\n")
    }

    var rows: [TargetTable.Row] {
        let followers = Format.count(report.options.fanOut)
        func row(_ what: String, _ value: Int64, target: Int64? = nil) -> TargetTable.Row {
            TargetTable.Row(what: what, target: target.map(Double.init), measured: Double(value), unit: .microseconds)
        }
        return [
            row("frame → first order of \(followers), p50", first.microseconds(50)),
            row("frame → last order of \(followers), p50", last.microseconds(50), target: Self.target),
            row("frame → last order of \(followers), worst signal", last.microseconds(100), target: Self.target),
        ]
    }

    var json: JSON {
        func summary(_ times: LatencySummary) -> JSON {
            ["p50": .integer(times.microseconds(50)), "p95": .integer(times.microseconds(95)), "max": .integer(times.microseconds(100))]
        }
        return [
            "followers": .integer(report.options.fanOut), "signals": .integer(report.options.rate * report.options.seconds),
            "complete": .integer(complete), "firstOrderUs": summary(first), "lastOrderUs": summary(last), "fairness": fairness.json,
            "faults": .array(report.faults.map(JSON.string)),
        ]
    }
}

/// How often each follower was among the first tenth.
struct FanoutFairness: Sendable {
    let signals: Int
    let followers: Int
    /// Times in the first tenth: what an even turn would give, the least and the most that any follower got.
    let expected: Double
    let fewest: Int
    let most: Int
    /// Followers that never were, and what blind chance would leave out.
    let never: Int
    let neverByChance: Double

    /// - Parameter order: of each signal, the followers in the order in which their orders were written.
    init(order: [[String]]) {
        signals = order.count
        var counts: [String: Int] = [:]
        for followers in order { for follower in followers { counts[follower, default: 0] += 0 } }
        var expected = 0.0
        var chance = 1.0
        for followers in order where !followers.isEmpty {
            let places = (followers.count + 9) / 10
            for follower in followers.prefix(places) { counts[follower, default: 0] += 1 }
            expected += Double(places) / Double(followers.count)
            chance *= 1 - Double(places) / Double(followers.count)
        }
        self.expected = expected
        followers = counts.count
        fewest = counts.values.min() ?? 0
        most = counts.values.max() ?? 0
        never = counts.values.count { $0 == 0 }
        neverByChance = chance * Double(counts.count)
    }

    var text: String {
        "in the first tenth over \(signals) signals: \(Format.ratio(expected)) times a follower, fewest \(fewest), most \(most); "
            + "never \(Format.count(never)) followers, by blind chance \(Format.figure(neverByChance.rounded()))"
    }

    var json: JSON {
        [
            "expectedTimesInFirstTenth": TargetTable.number(expected), "fewest": .integer(fewest), "most": .integer(most), "never": .integer(never),
            "neverByChance": TargetTable.number(neverByChance),
        ]
    }
}
