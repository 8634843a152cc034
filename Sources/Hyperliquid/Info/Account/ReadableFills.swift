import JSON

/// Histories of which one element that is unlike all others does not take the rest with it. For other people's: of our own whatever cannot be
/// read is an error, see ``ExchangeClient/fills(_:from:to:aggregated:)``.
extension ExchangeClient {
    /// The user's fills from `from` on (milliseconds since 1970), in the order of execution, each once; and why others are left out.
    public func readableFills(_ user: String, from: Int64) async throws(InfoError) -> (fills: [UserFill], leftOut: [JSONError]) {
        let found = try await readable("userFillsByTime", user, from, UserFill.init(json:)) { $0 }
        return (UserFill.inOrderOfExecution(found.items), found.leftOut)
    }

    /// The user's TWAP slices, likewise.
    public func readableTwapSliceFills(_ user: String, from: Int64) async throws(InfoError) -> (slices: [TwapSliceFill], leftOut: [JSONError]) {
        let found = try await readable("userTwapSliceFillsByTime", user, from, TwapSliceFill.init(json:)) { $0.fill }
        return (found.items, found.leftOut)
    }

    private func readable<Item: Sendable>(
        _ type: String, _ user: String, _ from: Int64, _ decode: @escaping @Sendable (JSON) throws(JSONError) -> Item,
        fill: @escaping @Sendable (Item) -> UserFill
    ) async throws(InfoError) -> (items: [Item], leftOut: [JSONError]) {
        let paging = TimePaging(from: from, pageSize: PageSize.fills, time: { (element: Element<Item>) in element.time }, key: \.key)
        let elements = try await readAll(paging) { start in
            InfoRequest(type, [("user", .string(user)), ("startTime", .integer(start))]) { answer throws(JSONError) in
                try answer.asArray().map { Element($0, decode, fill) }
            }
        }
        var (items, leftOut): ([Item], [JSONError]) = ([], [])
        for element in elements {
            switch element.item {
            case .success(let item): items.append(item)
            case .failure(let error): leftOut.append(error)
            }
        }
        return (items, leftOut)
    }
}

/// An element of a history, read or not.
private struct Element<Item: Sendable>: Sendable {
    enum Key: Hashable, Sendable {
        case fill(UserFill.Key)
        case text(String)
    }

    let item: Result<Item, JSONError>
    let key: Key
    /// Of one that has none that can be read, before all others: paging goes on by theirs.
    let time: Int64

    init(_ json: JSON, _ decode: (JSON) throws(JSONError) -> Item, _ fill: (Item) -> UserFill) {
        do {
            let read = try decode(json)
            item = .success(read)
            key = .fill(UserFill.Key(fill(read)))
            time = fill(read).time
        } catch {
            item = .failure(error)
            key = .text(json.text())
            time = (try? (json["fill"] ?? json).integer("time")) ?? .min
        }
    }
}
