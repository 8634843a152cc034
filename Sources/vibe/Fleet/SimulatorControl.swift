import AsyncHTTPClient
import CopyTrading
import Hyperliquid
import JSON
import NIOCore

/// The simulated exchange's control endpoints.
struct SimulatorControl: Sendable {
    /// `http://127.0.0.1:7600`.
    let base: String

    /// A whole ledger may take this long.
    static let ledgerTimeout = TimeAmount.minutes(10)
    private static let largestAnswer = 16 << 20

    /// `{"…"}` of GET /control/status.
    func status() async throws -> JSON { try await call(HTTPClientRequest(url: base + "/control/status")) }

    /// Starts the replay.
    /// - Parameter speed: a decimal number, or `max`.
    func replay(speed: String) async throws { _ = try await post("replay", ["speed": .string(speed)]) }

    /// Publishes a leader's fills, `{"user","fills":[…]}`, in one message.
    /// - Returns: their trade ids.
    func publish(_ fills: JSON) async throws -> [Int64] {
        try await post("fills", fills).list("tids") { value throws(JSONError) in try value.asInteger() }
    }

    /// Sends strangers' market messages to every socket that follows trades.
    func flood(framesPerSecond: Int, seconds: Int) async throws {
        _ = try await post("flood", ["framesPerSecond": .integer(framesPerSecond), "seconds": .integer(seconds)])
    }

    /// Adds faults, `{"seed","faults":[{"fault":"rate429",…}]}`.
    func addFaults(_ plan: JSON) async throws { _ = try await post("faults", plan) }

    /// Ends every fault that was added.
    func clearFaults() async throws {
        var request = HTTPClientRequest(url: base + "/control/faults")
        request.method = .DELETE
        _ = try await call(request)
    }

    /// How often each fault has happened, by its name.
    func faultCounts() async throws -> [(name: String, count: Int64)] {
        guard case .object(let members) = try await call(HTTPClientRequest(url: base + "/control/faults")).field("fired") else { return [] }
        return try members.map { ($0.name, try $0.value.asInteger()) }
    }

    private func post(_ path: String, _ body: JSON) async throws -> JSON {
        var request = HTTPClientRequest(url: base + "/control/" + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(body.bytes())
        return try await call(request)
    }

    /// What a user holds now, signed, by coin.
    func positions(of user: String) async throws -> [Coin: Size] {
        try AccountState(json: try await info(["type": "clearinghouseState", "user": .string(user)])).positions
    }

    /// Every fill of a user that the exchange still tells, oldest first: trade id, coin, time (ms since 1970).
    func fills(of user: String) async throws -> [(trade: Int64, coin: String, time: Int64)] {
        var fills: [(trade: Int64, coin: String, time: Int64)] = []
        var seen: Set<Int64> = []
        while true {
            let answer = try await info(["type": "userFillsByTime", "user": .string(user), "startTime": .integer(fills.last?.time ?? 0)])
            guard case .array(let page) = answer else { throw JSONError(path: "", problem: "is no list of fills") }
            let fresh = try page.map { (try $0.integer("tid"), try $0.string("coin"), try $0.integer("time")) }.filter { seen.insert($0.0).inserted }
            if fresh.isEmpty { return fills }
            fills += fresh.map { (trade: $0.0, coin: $0.1, time: $0.2) }
        }
    }

    private func info(_ body: JSON) async throws -> JSON {
        var request = HTTPClientRequest(url: base + "/info")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(body.bytes())
        return try await call(request)
    }

    func ledger() async throws -> HTTPClientResponse.Body {
        let response = try await send(HTTPClientRequest(url: base + "/control/ledger"), timeout: Self.ledgerTimeout)
        return response.body
    }

    private func call(_ request: HTTPClientRequest) async throws -> JSON {
        let body = try await send(request, timeout: .seconds(10)).body.collect(upTo: Self.largestAnswer)
        return try JSON.parse(Array(body.readableBytesView))
    }

    private func send(_ request: HTTPClientRequest, timeout: TimeAmount) async throws -> HTTPClientResponse {
        let response: HTTPClientResponse
        do { response = try await HTTPClient.shared.execute(request, timeout: timeout) } catch {
            throw Failure(.unavailable, "no answer from the simulated exchange at \(base): \(error)", nextStep: "VIBE_EXCHANGE_URL says where it is")
        }
        guard response.status == .ok else {
            let hint = response.status == .notFound ? "; is it the simulator?" : ""
            throw Failure(.unavailable, "\(request.url) answered \(response.status.code)\(hint)", nextStep: "VIBE_EXCHANGE_URL says where it is")
        }
        return response
    }
}
