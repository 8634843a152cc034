import CopyTrading
import Redis
import RedisStreams
import Testing

/// Processes that come and go in good order.
@Suite struct ScalingTests {
    @Test("a second worker gets partitions while orders flow, and gives them back at once when it is stopped")
    func workers() async throws {
        let cast = Cast.alike(10)
        try await Fleet.run(cast, partitioning: Partitioning(signals: 2, accounts: 8)) { fleet in
            try await fleet.startAll()
            async let load = fleet.load(cycles: 10, pause: .milliseconds(50))
            try await fleet.eventually("orders flow") { try await fleet.added(.results) > 20 }
            let second = try await fleet.work("work-2")
            try await fleet.eventually("both workers own partitions") {
                Set(try await fleet.owners("work", partitions: 8)) == ["work-1", "work-2"]
            }
            let between = try await fleet.added(.results)
            try await fleet.eventually("orders flow with both") { try await fleet.added(.results) > between + 100 }
            let asked = ContinuousClock.now
            await second.stop()
            let ended = ContinuousClock.now - asked
            try await fleet.eventually("the first worker owns everything") {
                try await fleet.owners("work", partitions: 8).allSatisfy { $0 == "work-1" }
            }
            let handedOver = ContinuousClock.now - asked
            // far less than a lease lives
            #expect(ended < .milliseconds(700))
            #expect(handedOver < .milliseconds(900))
            try await fleet.settled(signals: try await load)
            let truth = try await fleet.verify()
            #expect(truth.results.count == 800)
            #expect(truth.others(.filled, attempts: 1).isEmpty)
        }
    }

    @Test("every stage shares its partitions with a second process and takes them back")
    func stages() async throws {
        try await Fleet.run(Cast(leaders: ["a", "b", "c"], (0..<6).map { index in
            .init("s\(index)", of: "a", "b", "c", settings: #"sizing: {mode: fixed_notional, notional: "1000"}, limits: {entry_expiry_ms: 60000}"#)
        })) { fleet in
            try await fleet.match("match-1")
            try await fleet.plan("plan-1")
            try await fleet.work("work-1")
            try await fleet.audit("audit-1")
            let first = try await fleet.ingest("ingest-1")
            try await fleet.live(first.ingestor)
            async let a = fleet.load("a", cycles: 4, pause: .milliseconds(60))
            async let b = fleet.load("b", cycles: 4, pause: .milliseconds(60))
            async let c = fleet.load("c", cycles: 4, pause: .milliseconds(60))
            try await fleet.eventually("signals flow") { try await fleet.added(.signals) > 10 }
            let others = [
                try await fleet.match("match-2"), try await fleet.plan("plan-2"), try await fleet.work("work-2"),
                try await fleet.audit("audit-2"),
            ]
            try await fleet.ingest("ingest-2")
            try await fleet.eventually("more signals flow") { try await fleet.added(.signals) > 50 }
            for role in others { await role.stop() }
            try await fleet.settled(signals: try await a + b + c)
            let truth = try await fleet.verify()
            #expect(truth.signals.count == 96)
            // the three leaders' subscriptions share each account: the first to open a coin owns it
            #expect(truth.results.count == 576)
        }
    }

    @Test("a process that is stopped while it is still taking its partitions ends at once", arguments: 0..<6)
    func earlyStop(delay: Int) async throws {
        try await Fleet.run(Cast.alike(1), partitioning: Partitioning(signals: 2, accounts: 16)) { fleet in
            let role = try await fleet.match()
            let auditor = try await fleet.audit()
            try await Task.sleep(for: .milliseconds(delay))
            let ended = Ended()
            let stopping = Task { await role.stop(); await auditor.stop(); await ended.set() }
            do {
                try await fleet.eventually("the stopped processes have ended", within: .seconds(3)) { await ended.isSet }
            } catch {
                role.kill()
                auditor.kill()
                await stopping.value
                throw error
            }
        }
    }

    @Test("an ingest that is stopped ends at once")
    func ingestStop() async throws {
        try await Fleet.run(Cast.alike(1)) { fleet in
            let (role, ingestor) = try await fleet.ingest()
            try await fleet.live(ingestor)
            let ended = Ended()
            let stopping = Task { await role.stop(); await ended.set() }
            do {
                try await fleet.eventually("the stopped process has ended", within: .seconds(3)) { await ended.isSet }
            } catch {
                role.kill()
                await stopping.value
                throw error
            }
        }
    }
}

private actor Ended {
    private(set) var isSet = false
    func set() { isSet = true }
}
