import CopyTrading
import JSON

/// Fills. Those of a TWAP's slices are told apart: userFills leaves them out.
extension InfoQuery {
    static let fillsPerAnswer = 2_000

    func newestFills(to writer: inout WireWriter) throws(JSONError) -> Int {
        let isAggregated = try flag("aggregateByTime")
        let fills = (try account())?.newestFills(aggregated: isAggregated) ?? []
        return writer.array(fills) { writer, fill in fill.write(to: &writer) }
    }

    func fillsByTime(to writer: inout WireWriter) throws(JSONError) -> Int {
        let (period, isAggregated, isReversed) = (try period(), try flag("aggregateByTime"), try flag("reversed"))
        let found = (try account())?.fills(in: period).filter { !$0.isTwapSlice } ?? []
        let fills = isAggregated ? Fill.aggregated(found) : found
        let page = isReversed ? fills.newestFirst(limit: Self.fillsPerAnswer) : Array(fills.prefix(Self.fillsPerAnswer))
        return writer.array(page) { writer, fill in fill.write(to: &writer) }
    }

    func newestSliceFills(to writer: inout WireWriter) throws(JSONError) -> Int { write(slices: (try account())?.newestSliceFills() ?? [], to: &writer) }

    func sliceFillsByTime(to writer: inout WireWriter) throws(JSONError) -> Int {
        let found = (try account())?.fills(in: try period()).filter(\.isTwapSlice) ?? []
        return write(slices: Array(found.prefix(Self.fillsPerAnswer)), to: &writer)
    }

    private func write(slices: [Fill], to writer: inout WireWriter) -> Int {
        writer.array(slices) { writer, fill in fill.writeSlice(to: &writer) }
    }
}

extension Fill {
    var isTwapSlice: Bool { twapID != nil }
}

extension Account {
    /// Newest first, fills of one millisecond in order of execution, at most 2,000.
    func newestFills(aggregated: Bool) -> [Fill] {
        let whole = fills.kept.suffix(InfoQuery.fillsPerAnswer * 2).filter { !$0.isTwapSlice }
        let kept = aggregated ? Fill.aggregated(whole) : whole
        return kept.newestFirst(limit: InfoQuery.fillsPerAnswer)
    }

    func newestSliceFills() -> [Fill] { fills.kept.filter(\.isTwapSlice).newestFirst(limit: InfoQuery.fillsPerAnswer) }

    /// In order of execution.
    func fills(in period: ClosedRange<Int64>) -> [Fill] {
        let kept = fills.kept
        let start = kept.firstIndex(from: { $0.time >= period.lowerBound })
        let end = kept.firstIndex(from: { $0.time > period.upperBound })
        return Array(kept[start..<max(start, end)])
    }
}

extension ArraySlice<Fill> {
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
