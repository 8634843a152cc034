import CopyTrading
import JSON
import Testing

@Suite("Signals shed under load")
struct SheddingTests {
    private func shed(_ signal: Signal) -> Signal {
        var signal = signal
        signal.isShed = true
        return signal
    }

    @Test("a shed signal says so on record, one that is not says nothing")
    func record() throws {
        let open = Sample.signal(from: "0", to: "10")
        #expect(open.json["shed"] == nil)
        #expect(try Signal(json: shed(open).json) == shed(open))
        #expect(try Signal(json: open.json) == open)
    }

    @Test("what only adds is wholly shed, what gives anything up is not", arguments: [
        ("0", "10", true), ("10", "20", true), ("10", "5", false), ("10", "0", false), ("10", "-10", false),
    ] as [(String, String, Bool)])
    func whole(from start: String, to end: String, isWhole: Bool) {
        let signal = Sample.signal(from: start, to: end)
        #expect(!signal.isWhollyShed)
        #expect(shed(signal).isWhollyShed == isWhole)
    }

    @Test("of a shed flip the close is planned, and the open ends with its reason")
    func flip() {
        let plan = Sample.plan(shed(Sample.signal(from: "10", to: "-10")), Sample.subscription())
        #expect(plan.outcomes == [nil, .shed])
        #expect(plan.lifecycle?.status == .uncopied)
    }
}
