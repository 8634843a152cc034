import CopyTrading
import JSON
import Pipeline
import Testing

@testable import vibe

/// What the supervisor does about processes that have lost the exchange, and what a person reads of positions that are left.
@Suite("Liveness")
struct LivenessTests {
    private let lost = ChildProcess.Exit.code(Failure.Kind.feedLost.rawValue)

    @Test("R-85: a process that lost the exchange is started again, for any other end there is none")
    func restarts() {
        var restarts = Restarts(steadyAfter: .seconds(240))
        let start = ContinuousClock.now
        for exit in [ChildProcess.Exit.code(0), .code(1), .code(78), .signal(9)] {
            let pause = restarts.note(role: "work", exit, at: start)
            #expect(pause == nil)
        }
        let pause = restarts.note(role: "work", lost, at: start)
        #expect(pause == Restarts.firstPause)
        let early = restarts.due(at: start)
        #expect(early.isEmpty)
        let due = restarts.due(at: start + Restarts.firstPause)
        #expect(due == ["work"])
        let again = restarts.due(at: start + .seconds(100))
        #expect(again.isEmpty)
    }

    @Test("what is said of a process that nobody starts again names the command that does")
    func advice() {
        func said(_ role: String, left: Int) -> String {
            Fleet.Ended(name: "\(role)-1", role: role, exit: .signal(9), tail: "", log: "").advice(left: left)
        }
        #expect(said("work", left: 2) == "its partitions go on in the others; `vibe scale work=3` starts another")
        #expect(said("work", left: 1) == "its partitions go on in the other; `vibe scale work=2` starts another")
        #expect(said("plan", left: 0) == "no plan is left, nothing goes on without; `vibe scale plan=1` starts another")
        #expect(said("sim", left: 0).contains("`vibe up`"))
    }

    @Test("R-85: a successor that found the exchange still away when its wait at the start ended has a successor too")
    func stillAway() {
        var restarts = Restarts(steadyAfter: .seconds(240))
        let now = ContinuousClock.now
        let first = restarts.note(role: "work", lost, at: now)
        let second = restarts.note(role: "work", .code(Failure.Kind.unavailable.rawValue), at: now + .seconds(61))
        #expect(first == Restarts.firstPause && second == Restarts.firstPause * 2)
        let due = restarts.due(at: now + .seconds(70))
        #expect(due == ["work", "work"])
    }

    @Test("R-85: pauses between losses of a role double up to a limit, and start over after a steady time")
    func pauses() {
        var restarts = Restarts(steadyAfter: .seconds(240))
        var now = ContinuousClock.now
        var pauses: [Duration] = []
        for _ in 0..<8 {
            pauses.append(restarts.note(role: "work", lost, at: now) ?? .zero)
            now += .seconds(120)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
        let other = restarts.note(role: "ingest", lost, at: now)
        #expect(other == Restarts.firstPause)
        let steady = restarts.note(role: "work", lost, at: now + .seconds(600))
        #expect(steady == Restarts.firstPause)
        let due = restarts.due(at: now + .seconds(700))
        #expect(due.count(where: { $0 == "work" }) == 9 && due.count(where: { $0 == "ingest" }) == 1)
    }

    @Test("R-85: the report of a convergence says what was closed, what is left, and why some of it cannot be closed")
    func report() throws {
        let btc = Convergence.Holding("s1:leader", "BTC", try Size(parsing: "0.02"))
        let eth = Convergence.Holding("s1:leader", "ETH", try Size(parsing: "-0.5"))
        let gone = Convergence.Holding("s9:leader", "SOL", try Size(parsing: "3"))
        let landed = Convergence.Holding("s2:leader", "BTC", try Size(parsing: "0.01"))
        let report = ConvergeReport(
            before: .init(holdings: [btc, eth, gone], unsettled: 1), left: .init(holdings: [eth, gone, landed], unsettled: 0),
            accounts: ["s1:leader": "0xaa", "s2:leader": "0xbb"])
        let lines = report.text(for: Terminal(width: 100)).split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        #expect(lines == [
            "SUBSCRIPTION ACCOUNT COIN HELD LEFT", "s1:leader 0xaa BTC 0.02 0 closed", "s1:leader 0xaa ETH -0.5 -0.5",
            "s9:leader - SOL 3 3 not configured any more", "s2:leader 0xbb BTC 0 0.01",
            "3 positions of 3 subscriptions are left; `vibe converge --yes` tries again",
        ])
        #expect(report.json["flat"] == false)
        let closed = ConvergeReport(before: .init(holdings: [btc], unsettled: 0), left: .init(holdings: [], unsettled: 0), accounts: [:])
        #expect(closed.text(for: Terminal(width: 100)).hasSuffix("everything is closed; nothing is opened until `vibe kill 0 --reason …`"))
        #expect(closed.json["flat"] == true)
        #expect(Convergence.Remainder(holdings: [btc], unsettled: 0).text == "1 position of 1 subscription is")
        #expect(Convergence.Remainder(holdings: [], unsettled: 1).text == "1 order of unknown outcome is")
        #expect(Convergence.Remainder(holdings: [btc, eth], unsettled: 2).text == "2 positions of 1 subscription and 2 orders of unknown outcome are")
    }
}
