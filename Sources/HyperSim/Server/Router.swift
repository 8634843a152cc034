import JSON
import NIOCore
import NIOHTTP1

/// Which request is answered by what.
struct Router {
    let simulator: Simulator

    enum Outcome {
        case response(HTTPResponse)
        /// Held back by the acknowledgement delay.
        case afterLatency(HTTPResponse)
        case download(LedgerDownload)
    }

    /// Calls `answer` exactly once, before it returns.
    func route(_ method: HTTPMethod, _ uri: String, _ body: ByteBuffer, _ answer: (Outcome) -> Void) {
        let path = uri.prefix { $0 != "?" }
        switch (method, path) {
        case (.POST, "/exchange"):
            guard let json = parse(body) else { return answer(.response(HTTPResponse(.undecodable))) }
            answer(.afterLatency(HTTPResponse(simulator.answerExchange(json))))
        case (.POST, "/info"):
            guard let json = parse(body) else { return answer(.response(HTTPResponse(.undecodable))) }
            answer(.response(HTTPResponse(simulator.info.answer(json, now: simulator.now()))))
        case (.GET, "/ws"): answer(.response(.text(.badRequest, "Connection header did not include 'upgrade'")))
        case (_, "/info"), (_, "/exchange"), (_, "/ws"): answer(.response(.text(.methodNotAllowed, "Method Not Allowed")))
        case (_, let path) where path.hasPrefix("/control/"):
            answer(ControlService(simulator: simulator).answer(method, path.dropFirst("/control/".count), parse(body)))
        default: answer(.response(.text(.notFound, "Not Found")))
        }
    }

    private func parse(_ body: ByteBuffer) -> JSON? {
        body.withUnsafeReadableBytes { bytes in try? JSON.parse(bytes) }
    }
}
