import JSON
import NIOCore
import NIOHTTP1

/// Which request is answered by what.
struct Router {
    let simulator: Simulator

    enum Outcome {
        case response(HTTPResponse)
        case treatment(Treatment)
        case download(LedgerDownload)
    }

    /// Calls `answer` exactly once.
    func route(_ method: HTTPMethod, _ uri: String, _ body: ByteBuffer, from use: ClientUse, _ answer: @escaping (Outcome) -> Void) {
        let path = uri.prefix { $0 != "?" }
        switch (method, path) {
        case (.POST, "/exchange"):
            guard let json = parse(body) else { return answer(.response(HTTPResponse(.undecodable))) }
            simulator.serve(.exchange(json), from: use) { answer(.treatment($0)) }
        case (.POST, "/info"):
            guard let json = parse(body) else { return answer(.response(HTTPResponse(.undecodable))) }
            simulator.serve(.info(json), from: use) { answer(.treatment($0)) }
        case (.GET, "/Mainnet/leaderboard"): answer(.response(leaderboard()))
        case (.GET, "/ws"): answer(.response(.text(.badRequest, "Connection header did not include 'upgrade'")))
        case (_, "/info"), (_, "/exchange"), (_, "/ws"), (_, "/Mainnet/leaderboard"):
            answer(.response(.text(.methodNotAllowed, "Method Not Allowed")))
        case (_, let path) where path.hasPrefix("/control/"):
            answer(ControlService(simulator: simulator).answer(method, path.dropFirst("/control/".count), parse(body)))
        default: answer(.response(.text(.notFound, "Not Found")))
        }
    }

    private func leaderboard() -> HTTPResponse {
        var writer = WireWriter(capacity: 64 << 10)
        Leaderboard(engine: simulator.engine, now: simulator.now()).write(to: &writer)
        return .json(writer.bytes)
    }

    private func parse(_ body: ByteBuffer) -> JSON? {
        body.withUnsafeReadableBytes { bytes in try? JSON.parse(bytes) }
    }
}
