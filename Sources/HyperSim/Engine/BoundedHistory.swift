/// The newest elements, oldest first, never more than `limit` of them.
struct BoundedHistory<Element> {
    let limit: Int
    private var elements: [Element] = []
    /// Index of the oldest kept element; those before it are dropped when they outnumber the rest.
    private var start = 0

    init(limit: Int) {
        precondition(limit > 0, "a history of \(limit) elements keeps nothing")
        self.limit = limit
    }

    var count: Int { elements.count - start }
    var kept: ArraySlice<Element> { elements[start...] }

    /// - Returns: the element that had to go.
    @discardableResult
    mutating func append(_ element: Element) -> Element? {
        elements.append(element)
        guard count > limit else { return nil }
        let oldest = elements[start]
        start += 1
        if start > limit {
            elements.removeFirst(start)
            start = 0
        }
        return oldest
    }
}
