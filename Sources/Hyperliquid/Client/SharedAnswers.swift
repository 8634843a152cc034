import JSON

/// Answers that all who are behind one address have in common: what one of them was told the others need not ask, which costs weight.
public protocol SharedAnswers: Sendable {
    /// What anybody was answered to this request no longer ago than that; asks when nobody was, one for all who want to know together.
    /// - Parameter ask: throws what is no answer for others either.
    func answer(
        to request: JSON, atMostOld age: Duration, ask: @Sendable () async throws(InfoError) -> JSON
    ) async throws(InfoError) -> JSON
}

extension ExchangeClient {
    /// What was read of the markets is used for so long: with an age of as much at first, by nobody longer than an hour.
    public static let marketsLife = Duration.seconds(1_800)
    /// What others have read of them so lately is new.
    public static let marketsNewest = Duration.seconds(10)

    /// As ``read(_:)``, or what anybody behind our address was answered no longer ago than `age`.
    public func read<Answer>(_ request: InfoRequest<Answer>, atMostOld age: Duration) async throws(InfoError) -> Answer {
        guard let answers, age > .zero else { return try await read(request) }
        let answer = try await answers.answer(to: request.json, atMostOld: age) { () async throws(InfoError) in try await self.ask(request).json }
        // one that another version of this program kept says nothing of the exchange
        do throws(JSONError) { return try request.decode(answer) } catch { return try await read(request) }
    }
}
