import JSON

/// Pages through an answer limited in length: each page starts at the last one's end and overlaps it, since a millisecond may be
/// split; what was received before is dropped.
struct TimePaging<Item, Key: Hashable> {
    /// More than the exchange keeps of anything, so that reaching it means paging does not end.
    static var maximumPages: Int { 100 }

    private(set) var items: [Item] = []
    /// Milliseconds since 1970: where the next page starts; `nil` when everything is here.
    private(set) var cursor: Int64?
    private var seen: Set<Key> = []
    private var pages = 0
    private let pageSize: Int
    private let time: (Item) -> Int64
    private let key: (Item) -> Key

    /// - Parameters:
    ///   - pageSize: what the exchange gives in one answer; fewer means there are no more.
    ///   - key: what no two items share.
    init(from: Int64, pageSize: Int, time: @escaping (Item) -> Int64, key: @escaping (Item) -> Key) {
        precondition(pageSize > 0)
        cursor = from
        self.pageSize = pageSize
        self.time = time
        self.key = key
    }

    mutating func receive(_ page: [Item]) throws(JSONError) {
        pages += 1
        for item in page where seen.insert(key(item)).inserted { items.append(item) }
        guard page.count >= pageSize, let last = page.map(time).max(), let start = cursor else {
            cursor = nil
            return
        }
        guard last > start else { throw JSONError(problem: "\(page.count) items at \(last) ms fill a page: those after them cannot be reached") }
        guard pages < Self.maximumPages else { throw JSONError(problem: "more than \(Self.maximumPages) pages") }
        cursor = last
    }
}

/// What the exchange gives at most in one answer.
enum PageSize {
    static let fills = 2000
    /// Funding and ledger updates.
    static let updates = 500
}
