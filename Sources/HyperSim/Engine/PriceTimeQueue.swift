import CopyTrading

/// Orders in price-time priority: the best price first, at one price the order that came first.
///
/// One sorted array, the first in line last in it: taking from the front moves nothing, an insertion or a removal elsewhere is one binary
/// search and one move of what stands before it.
struct PriceTimeQueue {
    enum Priority {
        /// Of asks, and of triggers that wait for the price to rise.
        case lowestFirst
        /// Of bids, and of triggers that wait for the price to fall.
        case highestFirst
    }

    /// Where an order stands in its queue.
    struct Place: Comparable {
        fileprivate var rank: Int64
        fileprivate var arrival: Int64

        static func < (a: Place, b: Place) -> Bool { (a.rank, a.arrival) < (b.rank, b.arrival) }
    }

    private struct Entry {
        var place: Place
        var order: PlacedOrder
    }

    let priority: Priority
    private var entries: [Entry] = []
    private var arrivals: Int64 = 0

    init(_ priority: Priority) { self.priority = priority }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    var first: PlacedOrder? { entries.last?.order }

    /// From the first in line to the last.
    var orders: some Sequence<PlacedOrder> { entries.reversed().lazy.map(\.order) }

    mutating func insert(_ order: PlacedOrder, at price: Price) {
        precondition(order.place == nil, "order \(order.oid) stands in a queue already")
        arrivals += 1
        let place = Place(rank: priority == .lowestFirst ? price.e8 : -price.e8, arrival: arrivals)
        order.place = place
        entries.insert(Entry(place: place, order: order), at: index(of: place))
    }

    mutating func remove(_ order: PlacedOrder) {
        guard let place = order.place else { preconditionFailure("order \(order.oid) stands in no queue") }
        let index = index(of: place)
        precondition(index < entries.count && entries[index].order === order, "order \(order.oid) stands in another queue")
        entries.remove(at: index)
        order.place = nil
    }

    /// The index of `place`, or of the first entry that comes after it in the array, which is before it in line.
    private func index(of place: Place) -> Int {
        guard let front = entries.last, front.place < place else {
            return entries.last?.place == place ? entries.count - 1 : entries.count
        }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if place < entries[middle].place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
