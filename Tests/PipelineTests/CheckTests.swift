import CopyTrading
import RedisStreams
import Testing

@testable import Pipeline

/// What people are told of when leaders and accounts were last looked at.
@Suite struct CheckTests {
    private func checks(_ kind: CheckTable.Kind, _ fleet: Fleet) async throws -> [String: Int64?] {
        try await CheckTable(redis: fleet.observer, keys: fleet.keys, kind: kind).read(fleet.partitioning)
    }

    @Test("R-86: each leader's last verification and each account's last reading are told, go on, and outlast a change of owner")
    func checked() async throws {
        var settings = Fleet.WorkSettings()
        settings.accounts.weightPerMinute = 1_000_000
        settings.accounts.readEvery = .seconds(1)
        try await Fleet.run(.alike(2)) { fleet in
            let begun = WallClock.milliseconds
            try await fleet.match()
            try await fleet.plan()
            let worker = try await fleet.work("work-1", settings)
            try await fleet.audit()
            try await fleet.live(try await fleet.ingest().ingestor)
            try await fleet.exchange.trade("leader", "BTC", .buy, "1")
            try await fleet.settled(signals: 1)
            let accounts = Set(fleet.cast.followers.map(\.account))
            try await fleet.eventually("leader and accounts were checked") {
                let times = try await [checks(.leaders, fleet)["leader"]] + checks(.accounts, fleet).filter { accounts.contains($0.key) }.map(\.value)
                return times.count == 3 && times.allSatisfy { ($0.flatMap(\.self) ?? 0) >= begun }
            }
            let before = try await checks(.accounts, fleet)
            worker.kill()
            await worker.ended()
            #expect(try await checks(.accounts, fleet).keys == before.keys)
            try await fleet.work("work-2", settings)
            try await fleet.eventually("the successor checked them again") {
                let now = try await checks(.accounts, fleet)
                return now.count == before.count && before.allSatisfy { name, time in (now[name].flatMap(\.self) ?? 0) > (time ?? 0) }
            }
        }
    }
}
