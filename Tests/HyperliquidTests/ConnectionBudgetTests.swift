import Testing

@testable import Hyperliquid

@Suite("The budget of connections")
struct ConnectionBudgetTests {
    private let start = ContinuousClock.now

    private func budget(_ change: (inout ConnectionBudget.Limits) -> Void = { _ in }) -> ConnectionBudget {
        var limits = ConnectionBudget.Limits()
        change(&limits)
        return ConnectionBudget(limits: limits, now: start)
    }

    private func open(_ budget: ConnectionBudget, after: Duration = .zero) throws -> ConnectionBudget.Connection {
        guard case .granted(let connection) = budget.open(at: start + after) else { throw Refused() }
        return connection
    }

    private struct Refused: Error {}

    @Test("no more connections are open than allowed; one that is given back makes room")
    func connections() throws {
        let budget = budget { $0.connections = 2 }
        let first = try open(budget)
        _ = try open(budget)
        #expect(budget.open(at: start) == .wait(.seconds(1)))
        budget.close(first, at: start)
        _ = try open(budget)
    }

    @Test("R-71: in no minute are more connections opened than planned")
    func openings() {
        let budget = budget()
        var opened: [Duration] = []
        for second in 0..<300 {
            while case .granted(let connection) = budget.open(at: start + .seconds(second)) {
                opened.append(.seconds(second))
                budget.close(connection, at: start + .seconds(second))
            }
        }
        for from in 0..<240 {
            let range = Duration.seconds(from)..<Duration.seconds(from + 60)
            #expect(opened.count { range.contains($0) } <= 24)
        }
        #expect(opened.count > 60)
    }

    @Test("messages are counted over all connections, and what was not sent is given back")
    func messages() {
        let budget = budget { $0.messagesPerMinute = 100; $0.messageShare = 100 }
        #expect(budget.messages(15, at: start) == 15)
        #expect(budget.messages(15, at: start) == 10)
        #expect(budget.messages(15, at: start) == 0)
        budget.unsent(5)
        #expect(budget.messages(15, at: start) == 5)
        #expect(budget.messages(100, at: start + .seconds(4)) == 5)
        #expect(budget.messages(100, at: start + .seconds(64)) == 25)
    }

    @Test("R-70: an eleventh user is not admitted, whichever connection asks, until one has left")
    func users() throws {
        let budget = budget { $0.users = 2 }
        let (first, second) = (try open(budget), try open(budget))
        #expect(budget.admit(.userFills(user: "a"), of: first, at: start) == .admitted)
        #expect(budget.admit(.userFills(user: "b"), of: second, at: start) == .admitted)
        // Known users may be followed on more connections and channels.
        #expect(budget.admit(.userFills(user: "a"), of: second, at: start) == .admitted)
        #expect(budget.admit(.orderUpdates(user: "b"), of: first, at: start) == .admitted)
        #expect(budget.admit(.userFills(user: "c"), of: first, at: start) == .noUser)
        budget.release(.userFills(user: "a"), of: first)
        #expect(budget.admit(.userFills(user: "c"), of: first, at: start) == .noUser)
        budget.release(.userFills(user: "a"), of: second)
        #expect(budget.admit(.userFills(user: "c"), of: first, at: start) == .admitted)
        #expect(budget.usage.users == 2)
    }

    @Test("R-71: channels of a lost connection count on for a while, so that subscribing everything again does not exceed the limit")
    func lingering() throws {
        let budget = budget { $0.channels = 10 }
        let lost = try open(budget)
        let coins = (0..<7).map { FeedSubscription.trades(coin: "C\($0)") }
        let admitted = coins.map { budget.admit($0, of: lost, at: start) }
        #expect(admitted == Array(repeating: .admitted, count: 6) + [.noChannel], "60 % are planned with")
        budget.close(lost, at: start)
        let next = try open(budget)
        let again = coins.prefix(6).map { budget.admit($0, of: next, at: start) }
        #expect(again == Array(repeating: .admitted, count: 4) + [.noChannel, .noChannel], "6 lingering and 4 new are 10")
        #expect(budget.admit(coins[4], of: next, at: start + .seconds(10)) == .admitted)
    }

    @Test("R-70, R-71: a user has a place when market data has taken all channels that are planned with, within the exchange's limit")
    func usersBeyond() throws {
        let budget = budget { $0.channels = 10 }
        let connection = try open(budget)
        for number in 0..<6 { #expect(budget.admit(.trades(coin: "C\(number)"), of: connection, at: start) == .admitted) }
        #expect(budget.admit(.trades(coin: "C6"), of: connection, at: start) == .noChannel)
        for user in ["a", "b"] {
            #expect(budget.admit(.userFills(user: user), of: connection, at: start) == .admitted)
            #expect(budget.admit(.userTwapSliceFills(user: user), of: connection, at: start) == .admitted)
        }
        #expect(budget.admit(.userFills(user: "c"), of: connection, at: start) == .noChannel)
    }

    @Test("the users of a lost connection count on, and may be followed again at once")
    func lingeringUsers() throws {
        let budget = budget { $0.users = 1 }
        let lost = try open(budget)
        _ = budget.admit(.userFills(user: "a"), of: lost, at: start)
        budget.close(lost, at: start)
        let next = try open(budget)
        #expect(budget.admit(.userFills(user: "b"), of: next, at: start) == .noUser)
        #expect(budget.admit(.userFills(user: "a"), of: next, at: start) == .admitted)
    }
}

@Suite("Pauses")
struct BackoffTests {
    @Test("pauses double up to the longest, jittered between half and the whole")
    func backoff() {
        var backoff = Backoff(first: .milliseconds(250), maximum: .seconds(2))
        var generator = SystemRandomNumberGenerator()
        for ceiling in [250, 500, 1000, 2000, 2000] {
            let pause = backoff.next(using: &generator)
            #expect(pause >= .milliseconds(ceiling) / 2 && pause <= .milliseconds(ceiling))
        }
        backoff.reset()
        #expect(backoff.next(using: &generator) <= .milliseconds(250))
    }
}
