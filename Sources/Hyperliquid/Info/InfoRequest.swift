import JSON

/// One read of POST /info: what is sent, and how its answer is read. The same for REST and for a WebSocket `post`.
///
/// Each read is a static member beside the type of its answer, so `client.read(.userRole("0x…"))` is typed throughout. Reads are by
/// the account's address, never an agent's: an agent's gives empty data, not an error.
public struct InfoRequest<Answer: Sendable>: Sendable {
    /// What is asked for; ``RequestWeight`` counts by it.
    public let type: String
    /// What is sent: an object whose first member is `type`.
    public let json: JSON
    /// Members not known here are ignored, as the exchange adds them without notice.
    public let decode: @Sendable (JSON) throws(JSONError) -> Answer

    /// - Parameter members: those with `nil` are left out.
    init(
        _ type: String, _ members: [(name: String, value: JSON?)] = [], decode: @escaping @Sendable (JSON) throws(JSONError) -> Answer
    ) {
        let given = members.compactMap { member in member.value.map { JSON.Member(member.name, $0) } }
        self.type = type
        json = .object([JSON.Member("type", .string(type))] + given)
        self.decode = decode
    }
}

extension ExchangeClient {
    /// Sends `request` and reads its answer.
    public func read<Answer>(_ request: InfoRequest<Answer>) async throws(InfoError) -> Answer { try await ask(request).answer }

    /// The answer, also as it came.
    func ask<Answer>(_ request: InfoRequest<Answer>) async throws(InfoError) -> (answer: Answer, json: JSON) {
        let json: JSON
        do { json = try await info(request.json) } catch { throw .exchange(error) }
        do { return (try request.decode(json), json) } catch { throw .undecodable(error, request: request.json.text()) }
    }

    /// Sends `request` for one page after the other until the exchange has no more.
    /// - Parameter request: the page that starts at the given time.
    func readAll<Item, Key>(
        _ paging: consuming TimePaging<Item, Key>, _ request: (Int64) -> InfoRequest<[Item]>
    ) async throws(InfoError) -> [Item] {
        while let start = paging.cursor {
            let page = request(start)
            let items = try await read(page)
            do { try paging.receive(items) } catch { throw .undecodable(error, request: page.json.text()) }
        }
        return paging.items
    }
}

extension JSON {
    /// For a member that may be left out of a request.
    static func integer(orNone value: Int64?) -> JSON? { value.map { JSON.integer($0) } }
    static func string(orNone value: String?) -> JSON? { value.map { JSON.string($0) } }
}
