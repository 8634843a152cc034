import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Fills")
struct UserFillTests {
    @Test("every recorded fill of the leaders is read, and written as it came")
    func leaderFills() throws {
        var count = 0
        for leader in try Fixture.json("leader_fills.json").array("leaders") {
            for recorded in try leader.array("fills") {
                let fill = try UserFill(json: recorded)
                count += 1
                #expect(try UserFill(json: fill.json) == fill)
                #expect(try members(fill.json) == members(recorded))
            }
        }
        #expect(count == 2270)
    }

    /// Sorted by name, as the recording has them; the noise of its start positions rounded away.
    private func members(_ json: JSON) throws -> [String] {
        guard case .object(let members) = json else { return [] }
        return try members.map { member in
            guard member.name == "startPosition" else { return "\(member.name)=\(member.value.text())" }
            return "startPosition=\(try WireDecimal.denoised(member.value.asString()) as Size)"
        }.sorted()
    }

    @Test("positions chain from fill to fill within a coin")
    func chain() throws {
        for leader in try Fixture.json("leader_fills.json").array("leaders") {
            var last: [Coin: Size] = [:]
            for fill in try leader.list("fills", UserFill.init(json:)) {
                if let position = last[fill.coin] { #expect(fill.startPosition == position, "\(fill)") }
                last[fill.coin] = fill.endPosition
            }
        }
    }

    @Test("a liquidation names who was liquidated")
    func liquidation() throws {
        let record = try Fixture.json("recorded/liquidation_fills_real.json").asArray()[0]
        let fill = try UserFill(json: record.field("fill"))
        #expect(fill.coin == "xyz:CRWV")
        #expect(
            fill.liquidation
                == .init(liquidatedUser: "0xbb8b801eeddaa7061ae171041ec77516313f2921", markPx: try Price(parsing: "116.84"), method: "market"))
        #expect(try UserFill(json: fill.json) == fill)
    }

    @Test("a missing or wrong member is named")
    func faults() throws {
        let good = try Fixture.json("leader_fills.json").array("leaders")[0].array("fills")[0]
        guard case .object(let members) = good else { return }
        for name in ["coin", "px", "sz", "side", "time", "startPosition", "dir", "hash", "oid", "crossed", "fee", "closedPnl", "tid"] {
            let without = JSON.object(members.filter { $0.name != name })
            let missing = try #require(throws: JSONError.self) { _ = try UserFill(json: without) }
            #expect(missing.path == name)
            let wrong = JSON.object(members.map { $0.name == name ? JSON.Member(name, ["x"]) : $0 })
            let mistyped = try #require(throws: JSONError.self) { _ = try UserFill(json: wrong) }
            #expect(mistyped.path == name)
        }
    }
}
