import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("The leaderboard", .timeLimit(.minutes(1)))
struct LeaderboardTests {
    static func row(_ number: Int, name: String = "null") -> String {
        #"{"ethAddress":"0xAB\#(number)","accountValue":"12345.67","windowPerformances":[["day",{"pnl":"-1.5","roi":"-0.0123456789012345678987","vlm":"0.0"}],["week",{"pnl":"1.0","roi":"0.1","vlm":"1.0"}],["month",{"pnl":"2.0","roi":"0.2","vlm":"2.0"}],["allTime",{"pnl":"3.0","roi":"0.3","vlm":"170043719297.2099914551"}]],"prize":0,"displayName":\#(name)}"#
    }

    private func split(_ text: String, part: Int) throws -> (rows: [String], isFinished: Bool) {
        var splitter = RowSplitter()
        var rows: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: part) {
            let piece = bytes[start..<min(start + part, bytes.count)]
            rows += try piece.withUnsafeBytes { try splitter.receive($0) }.map { String(decoding: $0, as: UTF8.self) }
        }
        return (rows, splitter.isFinished)
    }

    static let awkward = [row(1), row(2, name: #""a \"quoted\" } ] [ { name\\""#), row(3, name: #""ünïcödé €""#), "{}"]

    @Test("rows are cut out of the stream wherever it is broken", arguments: [1, 2, 3, 7, 64, 1_000_000])
    func splitting(part: Int) throws {
        let text = "{ \"leaderboardRows\" : [ " + Self.awkward.joined(separator: " ,\n") + " ] , \"more\": [{}] }"
        let result = try split(text, part: part)
        #expect(result.rows == Self.awkward && result.isFinished)
    }

    @Test("an empty list, and members before it, are fine")
    func header() throws {
        #expect(try split(#"{"leaderboardRows":[]}"#, part: 4).rows.isEmpty)
        #expect(try split(#"{"leaderboardRows":[]}"#, part: 4).isFinished)
        #expect(try split(#"{"time":[1,2],"leaderboardRows":[{}]}"#, part: 5).rows == ["{}"])
        #expect(try split(#"{"leaderboardRows":[{}"#, part: 5).isFinished == false)
    }

    @Test(
        "what is no leaderboard is refused, and never held",
        arguments: [
            String(repeating: "<html>", count: 2_000), #"{"leaderboardRows":[1,2]}"#,
            #"{"leaderboardRows":[{"ethAddress":""# + String(repeating: "x", count: 70_000),
        ])
    func malformed(text: String) {
        let error = #expect(throws: LeaderboardError.self) { try split(text, part: 1_000) }
        guard case .malformed = error else { Issue.record("\(String(describing: error))"); return }
    }

    @Test("a row is read")
    func reading() throws {
        let row = try LeaderboardRow(json: JSON.parse(Self.row(7, name: #""Ann""#)))
        #expect(try row.address == "0xab7" && row.accountValue == Notional(parsing: "12345.67") && row.displayName == "Ann")
        #expect(try row.performance[.day]?.returnOnInvestment == Ratio(exactly: "-0.012345678901234567"))
        #expect(try row.performance[.allTime]?.volume == WideDecimal(parsing: "170043719297.20999145"))
        #expect(Set(row.performance.keys) == Set(Portfolio.Period.allCases))
    }

    private func withServer(_ status: Int, _ body: String, _ test: (Leaderboard) async throws -> Void) async throws {
        let server = try await ScriptedHTTPServer { _ in .respond(status, body) }
        let client = ExchangeClient(endpoint: .mainnet, timeout: .seconds(5), maximumConnections: 1)
        do { try await test(client.leaderboard(from: server.base + "/Mainnet/leaderboard")) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        try await server.stop()
    }

    @Test("a large file arrives row by row, and a row that cannot be read spoils none of the others")
    func download() async throws {
        let rows = (0..<5_000).map { $0 == 77 ? #"{"ethAddress":"0x0"}"# : Self.row($0) }
        try await withServer(200, #"{"leaderboardRows":["# + rows.joined(separator: ",") + "]}") { leaderboard in
            var addresses: [String] = []
            var faults: [JSONError] = []
            for try await row in leaderboard {
                switch row {
                case .success(let row): addresses.append(row.address)
                case .failure(let fault): faults.append(fault)
                }
            }
            #expect(addresses == (0..<5_000).filter { $0 != 77 }.map { "0xab\($0)" })
            #expect(faults == [JSONError(path: "accountValue", problem: "missing")])
        }
    }

    @Test("a reader may stop after the first row")
    func stopping() async throws {
        let rows = (0..<2_000).map { Self.row($0) }.joined(separator: ",")
        try await withServer(200, #"{"leaderboardRows":["# + rows + "]}") { leaderboard in
            for try await row in leaderboard {
                #expect(try row.get().address == "0xab0")
                break
            }
        }
    }

    @Test("a file that was cut off, and a refusal, are errors")
    func failures() async throws {
        try await withServer(200, #"{"leaderboardRows":["# + Self.row(1) + ",") { leaderboard in
            let error = await #expect(throws: LeaderboardError.self) { for try await row in leaderboard { _ = try row.get() } }
            #expect(error == .malformed("it ends within the rows"))
        }
        try await withServer(403, "no") { leaderboard in
            let error = await #expect(throws: LeaderboardError.self) { for try await row in leaderboard { _ = try row.get() } }
            #expect(error == .transport("HTTP 403"))
        }
    }
}
