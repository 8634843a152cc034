import CopyTrading
import JSON

/// Fills, and apart from them those of TWAP slices.
extension InfoQuery {
    static let fillsPerAnswer = 2_000

    func newestFills(to writer: inout WireWriter) throws(JSONError) -> Int {
        let isAggregated = try flag("aggregateByTime")
        let fills = (try account())?.newestFills(aggregated: isAggregated) ?? []
        return writer.array(fills) { writer, fill in fill.write(to: &writer) }
    }

    func fillsByTime(to writer: inout WireWriter) throws(JSONError) -> Int {
        let (period, isAggregated, isReversed) = (try period(), try flag("aggregateByTime"), try flag("reversed"))
        let found = (try account())?.fills.kept.in(period) ?? []
        let fills = isAggregated ? Fill.aggregated(found) : found
        let page = isReversed ? fills.newestFirst(limit: Self.fillsPerAnswer) : Array(fills.prefix(Self.fillsPerAnswer))
        return writer.array(page) { writer, fill in fill.write(to: &writer) }
    }

    func newestSliceFills(to writer: inout WireWriter) throws(JSONError) -> Int { write(slices: (try account())?.newestSliceFills() ?? [], to: &writer) }

    func sliceFillsByTime(to writer: inout WireWriter) throws(JSONError) -> Int {
        let found = (try account())?.twaps.sliceFills.kept.in(try period()) ?? []
        return write(slices: Array(found.prefix(Self.fillsPerAnswer)), to: &writer)
    }

    private func write(slices: [Fill], to writer: inout WireWriter) -> Int {
        writer.array(slices) { writer, fill in fill.writeSlice(to: &writer) }
    }
}

extension Account {
    /// Newest first, fills of one millisecond in order of execution, at most 2,000.
    func newestFills(aggregated: Bool) -> [Fill] {
        let kept = Array(fills.kept.suffix(InfoQuery.fillsPerAnswer * (aggregated ? 2 : 1)))
        return (aggregated ? Fill.aggregated(kept) : kept).newestFirst(limit: InfoQuery.fillsPerAnswer)
    }

    func newestSliceFills() -> [Fill] { Array(twaps.sliceFills.kept).newestFirst(limit: InfoQuery.fillsPerAnswer) }
}

extension ArraySlice<Fill> {
    /// Those of a period, in order of execution.
    func `in`(_ period: ClosedRange<Int64>) -> [Fill] {
        let start = firstIndex(from: { $0.time >= period.lowerBound })
        let end = firstIndex(from: { $0.time > period.upperBound })
        return Array(self[start..<Swift.max(start, end)])
    }

    /// The first index from which on `isAfter` holds; fills are stored in time order.
    fileprivate func firstIndex(from isAfter: (Fill) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension [Fill] {
    /// The last `limit` fills, later milliseconds first, those of one millisecond in order of execution.
    func newestFirst(limit: Int) -> [Fill] {
        let chosen = suffix(limit)
        var result: [Fill] = []
        result.reserveCapacity(chosen.count)
        var end = chosen.endIndex
        while end > chosen.startIndex {
            var start = end - 1
            while start > chosen.startIndex, chosen[start - 1].time == chosen[start].time { start -= 1 }
            result.append(contentsOf: chosen[start..<end])
            end = start
        }
        return result
    }
}
