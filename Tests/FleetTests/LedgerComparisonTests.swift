import CopyTrading
import Foundation
import JSON
import Testing

@testable import vibe

@Suite("The exchange's ledger against the audit trail")
struct LedgerComparisonTests {
    private static let account = "0x" + String(repeating: "a", count: 40)

    private func job(_ number: Int) -> JobID { JobID(String(repeating: "0", count: 31) + "\(number)") }
    private func cloid(_ number: Int, attempt: Int = 1) -> String { ClientOrderID(job: job(number), attempt: attempt).text }

    /// Jobs 1…count, one signal each, each executed as 2 at 10.
    private func log(_ count: Int, executed: Bool = true) -> TradeLog {
        var answers: [JobID: TradeLog.Answer] = [:]
        var jobs: [String: JobID] = [:]
        var places: [JobID: TradeLog.Place] = [:]
        var signals: [String: (stream: String, seq: Int64)] = [:]
        for number in 1...count {
            answers[job(number)] = TradeLog.Answer(
                job: job(number), account: Self.account, coin: "BTC", isExecuted: executed, filledSize: executed ? Size(2) : .zero,
                averagePrice: executed ? Price(10) : nil, cloid: cloid(number))
            jobs[cloid(number)] = job(number)
            places[job(number)] = TradeLog.Place(stream: "jobs:00", seq: Int64(number), signal: "s\(number)", subscription: "u")
            signals["s\(number)"] = ("signals:00", Int64(number))
        }
        return TradeLog(answers: answers, jobs: jobs, places: places, signals: signals)
    }

    private func line(_ cloid: String?, status: String = "filled", size: String = "2", average: String = "10", fills: JSON? = nil) -> JSON {
        [
            "timeMs": 1, "account": .string(Self.account), "action": "order", "cloid": .string(orNull: cloid), "oid": 7, "coin": "BTC",
            "status": .string(status), "totalSz": .string(size), "avgPx": .string(orNull: size == "0" ? nil : average),
            "fills": fills ?? (size == "0" ? [] : [["px": "10", "sz": .string(size)]]),
        ]
    }

    private func compare(_ log: TradeLog, _ lines: [JSON]) throws -> Findings {
        var comparison = LedgerComparison(log)
        for line in lines { try comparison.add(line: line) }
        comparison.finish()
        return comparison.findings
    }

    @Test("a line that the exchange is writing while its ledger is read is no fault; one that is damaged is, by its number")
    func beingWritten() async throws {
        try await withScratch { directory in
            let path = directory + "/ledger.jsonl"
            func read(_ text: String) async throws -> [JSON] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                var lines: [JSON] = []
                try await LedgerSource.file(path).forEachLine { lines.append($0) }
                return lines
            }
            let lines = try await read("{\"oid\":7}\n{\"oid\":8,\"fil")
            #expect(lines == [["oid": 7]])
            await #expect { _ = try await read("{\"oid\":7}\n{\"oid\":8,\"fil\n") } throws: { "\($0)".contains("line 2 of the ledger") }
        }
    }

    @Test("equal ledgers give no findings")
    func clean() throws {
        #expect(try compare(log(2), [line(cloid(1)), line(cloid(2))]).isEmpty)
    }

    @Test("what a resting order traded is the sum of its fills, and it was accepted once")
    func resting() throws {
        func fill(_ size: String, status: String) -> JSON {
            [
                "timeMs": 1, "account": .string(Self.account), "action": "fill", "cloid": .string(cloid(1)), "oid": 7, "coin": "BTC",
                "status": .string(status), "totalSz": .string(size), "avgPx": "10", "fills": [["px": "10", "sz": .string(size)]],
            ]
        }
        let placed = line(cloid(1), status: "resting", size: "0")
        #expect(try compare(log(1), [placed, fill("0.5", status: "open"), fill("1.5", status: "filled")]).isEmpty)
        #expect(try compare(log(1), [placed, fill("0.5", status: "open")]).count(.missing) == 1)
        #expect(try compare(log(1), [placed, placed, fill("2", status: "filled")]).count(.duplicates) == 1)
    }

    @Test("the average is taken over the fills, exactly")
    func average() throws {
        let fills: JSON = [["px": "9", "sz": "1"], ["px": "11", "sz": "1"]]
        #expect(try compare(log(1), [line(cloid(1), fills: fills)]).isEmpty)
        let other: JSON = [["px": "9", "sz": "1"], ["px": "11.00000001", "sz": "1"]]
        #expect(try compare(log(1), [line(cloid(1), fills: other)]).isEmpty)  // half a unit, cut off
        let more: JSON = [["px": "9", "sz": "1"], ["px": "11.00000002", "sz": "1"]]
        #expect(try compare(log(1), [line(cloid(1), average: "10.00000001", fills: more)]).count(.missing) == 1)
    }

    @Test("an order that no result knows is named")
    func extra() throws {
        let findings = try compare(log(1), [line(cloid(1)), line("0xdead"), line(nil)])
        #expect(findings.count(.duplicates) == 2)
        #expect(findings.texts[.duplicates]?[0].contains("0xdead") == true)
    }

    @Test("the exchange's own average, cut to the price's decimals, is as good as the fills'")
    func answeredAverage() throws {
        let fills: JSON = [["px": "10.0001", "sz": "1"], ["px": "10.0002", "sz": "1"]]
        #expect(try compare(log(1), [line(cloid(1), fills: fills)]).isEmpty)
        #expect(try compare(log(1), [line(cloid(1), average: "10.0001", fills: fills)]).count(.missing) == 1)
    }

    @Test("an order accepted twice is a duplicate")
    func twice() throws {
        #expect(try compare(log(1), [line(cloid(1)), line(cloid(1), status: "resting", size: "0")]).count(.duplicates) == 1)
    }

    @Test("two attempts of one job are one trade when the result has both, and a duplicate when it has one")
    func attempts() throws {
        let single = log(1)
        let log = TradeLog(
            answers: single.answers, jobs: single.jobs.merging([cloid(1, attempt: 2): job(1)]) { a, _ in a }, places: single.places,
            signals: single.signals)
        #expect(try compare(log, [line(cloid(1), size: "1.5"), line(cloid(1, attempt: 2), size: "0.5")]).isEmpty)
        #expect(try compare(log, [line(cloid(1)), line(cloid(1, attempt: 2))]).count(.duplicates) == 1)
    }

    @Test("a refused order is no order", arguments: ["iocCancelRejected", "perpMarginRejected"])
    func refused(status: String) throws {
        #expect(try compare(log(1, executed: false), [line("0xdead", status: status, size: "0")]).isEmpty)
    }

    @Test("a result without its order, and one that differs from it, are missing")
    func missing() throws {
        #expect(try compare(log(2), [line(cloid(1))]).count(.missing) == 1)
        #expect(try compare(log(1), [line(cloid(1), size: "1")]).count(.missing) == 1)
        #expect(try compare(log(1, executed: false), [line(cloid(1))]).count(.missing) == 1)
    }

    @Test("orders of a lane that were executed in another order than their jobs are reordered")
    func reordered() throws {
        let findings = try compare(log(3), [line(cloid(2)), line(cloid(1)), line(cloid(3))])
        #expect(findings.count(.reordered) >= 1)
        #expect(findings.texts[.reordered]?[0].contains(cloid(1)) == true)
        #expect(findings.count(.missing) == 0)
    }

    @Test("an order that was sent before Redis was lost stood elsewhere in its lane; what its job sent after that has its place")
    func displaced() throws {
        var answers = log(3).answers
        answers[job(3)]?.filledSize = Size(4)
        func displaced(_ displaced: Set<String>) -> TradeLog {
            TradeLog(
                answers: answers, jobs: log(3).jobs.merging([cloid(3, attempt: 2): job(3)]) { $1 }, places: log(3).places,
                displaced: displaced, signals: log(3).signals)
        }
        let lines = [line(cloid(3)), line(cloid(1)), line(cloid(2)), line(cloid(3, attempt: 2))]
        #expect(try compare(displaced([]), lines).count(.reordered) == 2)
        #expect(try compare(displaced([cloid(3)]), lines).isEmpty)
        #expect(try compare(displaced([cloid(3)]), [lines[0], lines[3], lines[1], lines[2]]).count(.reordered) == 2)
    }

    @Test("a malformed line is an error with its field")
    func malformed() {
        #expect(throws: JSONError.self) { try LedgerOrder(line: ["action": "order", "status": "filled"]) }
    }

    @Test("what a trigger of ours did is known by its result: no job was queued for it")
    func protection() throws {
        var answers: [JobID: TradeLog.Answer] = [:]
        answers[job(9)] = TradeLog.Answer(
            job: job(9), account: Self.account, coin: "BTC", isExecuted: true, filledSize: Size(2), averagePrice: Price(10), cloid: "0x5b1f")
        let known = TradeLog(answers: answers, jobs: ["0x5b1f": job(9)], resting: [job(9)])
        let unknown = TradeLog(answers: answers, jobs: ["0x5b1f": job(9)])
        guard case .object(let members) = line("0x5b1f") else { return }
        let fired = JSON.object(members.map { $0.name == "action" ? JSON.Member("action", "trigger") : $0 })
        #expect(try compare(known, [fired]).isEmpty)
        #expect(try compare(unknown, [fired]).count(.missing) == 1)
        #expect(try compare(known, []).count(.missing) == 1)
    }
}
