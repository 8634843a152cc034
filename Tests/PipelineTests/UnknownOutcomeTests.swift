import CopyTrading
import JSON
import Testing

@testable import Pipeline

/// Orders whose answer never came: what the exchange did decides, and nothing is sent twice.
@Suite struct UnknownOutcomeTests {
    @Test(
        "R-44: an order whose answer is lost is settled with the exchange before anything else is sent",
        arguments: FaultyProxy.Fault.allCases, Fleet.Transport.allCases)
    func oneOrder(fault: FaultyProxy.Fault, transport: Fleet.Transport) async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(url: proxy.url, timeout: .milliseconds(1_500), transport: transport))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)

            proxy.spoil(fault)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the first order is spoiled") { proxy.spoiled == 1 }
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 2)
            proxy.spoil(fault)
            try await fleet.exchange.trade("leader", "BTC", .sell, "2")
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            await proxy.stop()

            let results = truth.results(of: "s0:leader")
            #expect(proxy.spoiled == 2)
            #expect(results.map(\.outcome) == [.filled, .filled, .filled])
            #expect(results.map(\.attempts) == (fault.reachesExchange ? [1, 1, 1] : [2, 1, 2]))
            #expect(results.map(\.cloid) == results.map { ClientOrderID(job: $0.job, attempt: $0.attempts) })
            for index in [0, 2] {
                let detail = results[index].detail ?? ""
                #expect(detail.contains(fault.reachesExchange ? "was found at the exchange" : "never reached the exchange"))
            }
            let orders = truth.orders(of: cast.followers[0].account)
            #expect(orders.map(\.size) == ["0.02", "0.02", "0.04"])
            #expect(orders.allSatisfy { $0.status == "filled" })
            #expect(truth.ledger.count { $0.action == "noop" } == (fault.reachesExchange ? 0 : 2))
            // the nonce of the lost action was asked for again, by the noop alone
            #expect(truth.ledger.count { $0.action == "refused" } == (fault.reachesExchange ? 2 : 0))
        }
    }

    @Test("R-44: an order that the exchange's read side does not show for a while is not sent once more")
    func lateReads() async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(url: proxy.url, timeout: .milliseconds(1_500)))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            // the noop is told that the nonce is used, and then no order is known: for longer than a few looks
            proxy.spoil(.resetAfter)
            try await fleet.exchange.fault(["fault": "staleReads", "milliseconds": 4_000])
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            await proxy.stop()
            #expect(proxy.spoiled == 1)
            let results = truth.results(of: "s0:leader")
            #expect(results.map(\.outcome) == [.filled] && results.map(\.attempts) == [1])
            #expect(truth.orders(of: cast.followers[0].account).map(\.size) == ["0.02"])
        }
    }

    @Test("R-44: an action with several orders is settled as one", arguments: [FaultyProxy.Fault.resetBefore, .resetAfter])
    func batch(fault: FaultyProxy.Fault) async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            for coin in ["BTC", "ETH", "SOL"] { try await fleet.exchange.trade("leader", coin, .buy, "10") }
            try await fleet.eventually("all jobs are planned") { try await fleet.added(.jobs) == 3 }

            proxy.spoil(fault)
            try await fleet.work("work-1", .init(url: proxy.url, timeout: .milliseconds(600)))
            try await fleet.settled(signals: 3)
            let truth = try await fleet.verify()
            await proxy.stop()

            #expect(proxy.spoiled == 1)
            #expect(truth.others(.filled, attempts: fault.reachesExchange ? 1 : 2).isEmpty)
            for follower in cast.followers {
                let orders = truth.orders(of: follower.account)
                #expect(orders.count == 3)
                #expect(Set(orders.compactMap(\.coin)) == ["BTC", "ETH", "SOL"])
                if fault.reachesExchange { #expect(Set(orders.map(\.nonce)).count == 1, "one action for all three") }
            }
        }
    }

    @Test(
        "an order of somebody who was taken out of the configuration is settled by what the exchange knows of it, once it can no longer arrive",
        arguments: [FaultyProxy.Fault.resetBefore, .resetAfter])
    func removedSubscriber(fault: FaultyProxy.Fault) async throws {
        let sizing = #"sizing: {mode: fixed_notional, notional: "1000"}"#
        let cast = Cast([
            .init("leaving", of: "leader", settings: "\(sizing), limits: {entry_expiry_ms: 3000}"),
            .init("other", of: "leader", settings: "\(sizing), state: paused"),
        ])
        var fewer = cast
        fewer.followers.removeFirst()
        try await Fleet.run(cast) { [fewer] fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(url: proxy.url, timeout: .milliseconds(1_500)))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            proxy.spoil(fault)
            // it stays open until nobody can sign for it any more
            proxy.spoil(.resetBefore, times: 1_000_000, containing: #""type":"noop""#)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the order is open") { fleet.log.count("attempt.unsettled") > 0 }
            try await fleet.apply(fewer.configuration())
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            await proxy.stop()
            let results = truth.results(of: "leaving:leader")
            #expect(results.map(\.outcome) == [fault.reachesExchange ? .filled : .paused])
            #expect(results[0].detail?.contains(fault.reachesExchange ? "was found at the exchange" : "the subscription was removed") == true)
            #expect(truth.ledger.allSatisfy { $0.action != "noop" })
        }
    }

    @Test("an exchange that cannot be reached delays orders and loses none", arguments: Fleet.Transport.allCases)
    func unreachable(transport: Fleet.Transport) async throws {
        let cast = Cast.alike(3)
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(url: proxy.url, timeout: .milliseconds(300), transport: transport))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            // orders and the noops that settle them
            proxy.spoil(.resetBefore, times: 12, containing: #""signature""#)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.exchange.trade("leader", "BTC", .sell, "1")
            try await fleet.settled(signals: 2)
            let truth = try await fleet.verify()
            await proxy.stop()
            #expect(proxy.spoiled == 12)
            #expect(truth.results.count == 6)
            #expect(truth.others(.filled).isEmpty)
        }
    }

    @Test("R-44: an attempt that was being settled when its partition went and came back is settled all the same", arguments: Fleet.Transport.allCases)
    func partitionComesBack(transport: Fleet.Transport) async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            try await fleet.work("work-1", .init(url: proxy.url, timeout: .seconds(2), transport: transport))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            proxy.spoil(.resetBefore)
            proxy.spoil(.requestSwallowed, containing: #""type":"noop""#)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the attempt is being settled") { proxy.spoiled == 2 }
            // the lease is gone without another owner: the same process takes the partition anew, under a new epoch
            let partition = fleet.partitioning.account(cast.followers[0].account)
            _ = try await fleet.observer.send(.init("DEL", fleet.keys.lease("work", "0\(partition)")))
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            await proxy.stop()
            #expect(truth.results.map(\.outcome) == [.filled])
        }
    }

    @Test("an order whose answer is lost is found at the exchange, however wrong the clock was of the worker that sent it", arguments: [-600, 600])
    func wrongClock(seconds: Int64) async throws {
        let cast = Cast.alike(1)
        try await Fleet.run(cast) { fleet in
            let proxy = try await FaultyProxy.start(to: fleet.exchange.port)
            try await fleet.match()
            try await fleet.plan()
            let first = try await fleet.work("work-1", .init(url: proxy.url, timeout: .seconds(30)))
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            proxy.spoil(.replySwallowed)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.eventually("the exchange has executed it") { try fleet.exchange.ledger().contains { $0.isOrder } }
            first.kill()
            let journal = fleet.keys.attempts(fleet.partitioning.account(cast.followers[0].account))
            for (job, bytes) in try await fleet.observer.hash(journal) {
                var record = try AttemptRecord(json: JSON.parse(bytes))
                record.preparedAt += seconds * 1_000_000
                _ = try await fleet.observer.send(.init("HSET", journal, job, record.json.text())).checked()
            }
            try await fleet.work("work-2")
            try await fleet.settled(signals: 1)
            let truth = try await fleet.verify()
            await proxy.stop()
            #expect(truth.results.map(\.outcome) == [.filled])
            #expect(truth.ledger.count(where: \.isOrder) == 1)
        }
    }
}
