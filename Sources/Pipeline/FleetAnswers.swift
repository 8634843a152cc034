import Hyperliquid
import JSON
import Logging
import RedisStreams

/// Reads that the processes of a cell share. A fleet that starts would otherwise have each of its processes read every market, a sixth of
/// what the exchange allows their address a minute, and keep all of them waiting.
public struct FleetAnswers: SharedAnswers {
    /// Who has been given a question asks within that, or somebody else does.
    static let claimLife = Duration.seconds(2)
    /// What others ask is waited for so long; then it is asked all the same.
    static let longestWait = Duration.seconds(10)
    private static let lookEvery = Duration.milliseconds(50)

    private let table: AnswerTable
    /// Where they come from: answers of another exchange are none.
    private let base: String
    private let logger: Logger

    public init(table: AnswerTable, endpoint: ExchangeEndpoint, logger: Logger) {
        self.table = table
        base = endpoint.base
        self.logger = logger
    }

    public func answer(
        to request: JSON, atMostOld age: Duration, ask: @Sendable () async throws(InfoError) -> JSON
    ) async throws(InfoError) -> JSON {
        let question = question(request)
        let deadline = ContinuousClock.now + Self.longestWait
        do {
            while ContinuousClock.now < deadline, !Task.isCancelled {
                if let answer = try await table.answer(to: question, atMostOld: age) { return try JSON.parse(answer) }
                if try await table.claim(question, for: Self.claimLife) { break }
                try await Task.sleep(for: Self.lookEvery)
            }
        } catch {
            // it is a saving, not a source
            logger.warning("answers.unread", metadata: ["question": "\(question)", "error": "\(error)"])
        }
        let answer = try await ask()
        do { try await table.keep(answer.bytes(), to: question) } catch {
            logger.warning("answers.unkept", metadata: ["question": "\(question)", "error": "\(error)"])
        }
        return answer
    }

    /// `https://api.hyperliquid.xyz|meta|xyz`.
    private func question(_ request: JSON) -> String {
        guard case .object(let members) = request else { return base + "|" + request.text() }
        return ([base] + members.map { (try? $0.value.asString()) ?? $0.value.text() }).joined(separator: "|")
    }
}
