import CopyTrading
import Testing

@testable import Pipeline

@Suite struct BreakerBoardTests {
    private let start: Int64 = 1_795_000_000_000

    private func job(_ signal: SignalID, account: AccountID = "0x1111111111111111111111111111111111111111") -> ExecutionJob {
        ExecutionJob(
            id: JobID("job of \(signal)"), request: "request", signal: signal, subscription: "s:leader", subscriber: "s", account: account,
            influencer: "leader", coin: "BTC", action: .open, side: .buy, quantity: .size(Size(1)), limit: nil, referencePrice: Price(50_000),
            expiresAt: nil, maximumPositionNotional: nil, leaderFillTime: start, receivedAt: start * 1_000, lifecycle: signal)
    }

    @Test("R-83: a leader's breaker closes with the trial that is accepted, and stays half open for another when one says nothing")
    func leader() {
        var limits = CircuitBreaker.Limits()
        limits.leaderTrades = 2
        var board = BreakerBoard(limits: limits)
        for index in 0..<4 { _ = board.trade(of: job(SignalID("\(index)")), at: start) }
        var trials: [BreakerBoard.Subject] = []
        #expect(board.refusal(of: job("a"), at: start + 1, trials: &trials)?.contains("the breaker of leader leader is open") == true)

        let later = start + limits.longestPause + 1
        #expect(board.refusal(of: job("a"), at: later, trials: &trials) == nil)
        #expect(trials == [.leader("leader")])
        var others: [BreakerBoard.Subject] = []
        #expect(board.refusal(of: job("b"), at: later, trials: &others) != nil, "one tries at a time")
        board.withdraw(trials)
        #expect(board.refusal(of: job("b"), at: later, trials: &others) == nil)
        _ = board.record(.accepted(acknowledgedAfter: 10), of: job("b"), trials: others, at: later)
        var free: [BreakerBoard.Subject] = []
        #expect(board.refusal(of: job("c"), at: later, trials: &free) == nil)
        #expect(free.isEmpty)
    }
}
