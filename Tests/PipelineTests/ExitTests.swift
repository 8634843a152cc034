import CopyTrading
import Testing

/// Exits that take several orders.
@Suite struct ExitTests {
    @Test("what is left of an exit may be too little for the exchange: what was sold before counts, and the result says so")
    func tooLittleIsLeft() async throws {
        let cast = Cast.alike(1, #"sizing: {mode: ratio, ratio: "0.02"}, limits: {entry_expiry_ms: 60000}"#)
        // twenty levels of one lot, 0.2 SOL or 20 USDC in all
        try await Fleet.run(cast, simulator: { ($0.levelDepth, $0.levelCount) = (Notional(e8: 1), 20) }) { fleet in
            try await fleet.startAll()
            for signals in 1...4 {
                try await fleet.exchange.trade("leader", "SOL", .buy, "6")
                try await fleet.settled(signals: signals)
            }
            try await fleet.exchange.trade("leader", "SOL", .sell, "13")
            try await fleet.settled(signals: 5)
            let truth = try await fleet.verify()
            let exit = truth.results(of: "s0:leader").last
            #expect(exit?.outcome == .partial)
            #expect(exit?.attempts == 2)
            #expect(exit.map { "\($0.filledSize) of \($0.requestedSize)" } == "0.2 of 0.26")
            #expect(exit?.detail == "0.06 at 100 is worth less than 10.3; it stays owed")
        }
    }
}
