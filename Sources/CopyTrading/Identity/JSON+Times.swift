import JSON

/// Times that others wrote: bounded when they are read, so that differences, microseconds and sums of them stay within 64 bits.
extension JSON {
    /// The member `name`, milliseconds since 1970 up to the year 33658.
    public func milliseconds(_ name: String) throws(JSONError) -> Int64 {
        let value = try integer(name)
        guard LeaderFill.times.contains(value) else { throw JSONError(path: name, problem: "not a time since 1970") }
        return value
    }

    /// As above; `nil` when it is absent or null.
    public func maybeMilliseconds(_ name: String) throws(JSONError) -> Int64? { self[name] == nil ? nil : try milliseconds(name) }

    /// The member `name`, microseconds since 1970 up to the year 33658.
    public func microseconds(_ name: String) throws(JSONError) -> Int64 {
        let value = try integer(name)
        guard value >= 0, LeaderFill.times.contains(value / 1_000) else { throw JSONError(path: name, problem: "not a time since 1970") }
        return value
    }

    /// The member `name`, a whole number of `range`.
    public func integer(_ name: String, _ range: ClosedRange<Int64>) throws(JSONError) -> Int64 {
        let value = try integer(name)
        guard range.contains(value) else {
            throw JSONError(path: name, problem: "\(value) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
