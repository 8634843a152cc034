import CopyTrading
import JSON

extension ExchangeClient {
    /// The user's newest fills, at most 2000, in the order of execution.
    public func fills(_ user: String) async throws(InfoError) -> [UserFill] {
        let fills = try await read(["type": "userFills", "user": .string(user)]) { answer throws(JSONError) in
            try answer.map { fill throws(JSONError) in try UserFill(json: fill) }
        }
        return UserFill.inOrderOfExecution(fills)
    }

    /// Every fill from `from` to `to` (milliseconds since 1970, both included), in the order of execution, each once.
    public func fills(_ user: String, from: Int64, to: Int64? = nil) async throws(InfoError) -> [UserFill] {
        var paging = FillPaging(user: user, from: from, to: to)
        while let request = paging.request {
            let page = try await read(request) { answer throws(JSONError) in
                try answer.map { fill throws(JSONError) in try UserFill(json: fill) }
            }
            do { try paging.receive(page) } catch { throw .undecodable(error, request: request.text()) }
        }
        return UserFill.inOrderOfExecution(paging.fills)
    }
}

extension UserFill {
    /// Sorted by time; fills of one millisecond keep their order, which the exchange gives as they were executed.
    public static func inOrderOfExecution(_ fills: [UserFill]) -> [UserFill] {
        // Swift's sort is stable in practice but does not promise it, so the index decides.
        fills.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    }
}

/// Pages through `userFillsByTime`: each page starts at the last one's end and overlaps it, since a millisecond may be split.
struct FillPaging {
    /// What the exchange gives in one answer; fewer means there are no more.
    static let pageSize = 2000
    /// More than the exchange keeps (10,000 to 30,000 fills), so that reaching it means paging does not end.
    static let maximumPages = 100

    private(set) var fills: [UserFill] = []
    private var seen: Set<Key> = []
    private var pages = 0
    private var cursor: Int64?
    private let user: String
    private let end: Int64?

    private struct Key: Hashable {
        let coin: Coin
        let tid: Int64
    }

    init(user: String, from: Int64, to: Int64?) {
        self.user = user
        cursor = from
        end = to
    }

    /// The next request; `nil` when everything is here.
    var request: JSON? {
        guard let cursor else { return nil }
        var members: [JSON.Member] = [
            .init("type", "userFillsByTime"), .init("user", .string(user)), .init("startTime", .integer(cursor)),
        ]
        if let end { members.append(.init("endTime", .integer(end))) }
        return .object(members)
    }

    mutating func receive(_ page: [UserFill]) throws(JSONError) {
        pages += 1
        for fill in page where seen.insert(Key(coin: fill.coin, tid: fill.tid)).inserted { fills.append(fill) }
        guard page.count >= Self.pageSize, let last = page.map(\.time).max(), let start = cursor else {
            cursor = nil
            return
        }
        guard last > start else { throw JSONError(problem: "\(page.count) fills at \(last) ms fill a page: those after them cannot be reached") }
        guard pages < Self.maximumPages else { throw JSONError(problem: "more than \(Self.maximumPages) pages of fills") }
        cursor = last
    }
}
