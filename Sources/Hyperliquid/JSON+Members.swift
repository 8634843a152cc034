import CopyTrading
import JSON

/// Reading the members that recur in the exchange's answers.
extension JSON {
    /// This string as a decimal the exchange derived, see ``WireDecimal/denoised(_:)``.
    func asDenoisedDecimal<Value: FixedPoint>() throws(JSONError) -> Value {
        let text = try asString()
        do { return try WireDecimal.denoised(text) } catch { throw JSONError(problem: error.description) }
    }

    /// The string member `name` as a decimal the exchange derived; `nil` when it is absent or null.
    func denoisedDecimal<Value: FixedPoint>(ifPresent name: String) throws(JSONError) -> Value? {
        try maybe(name) { value throws(JSONError) in try value.asDenoisedDecimal() }
    }

    func string(ifPresent name: String) throws(JSONError) -> String? {
        try maybe(name) { value throws(JSONError) in try value.asString() }
    }

    func integer(ifPresent name: String) throws(JSONError) -> Int64? {
        try maybe(name) { value throws(JSONError) in try value.asInteger() }
    }

    /// `false` when the member is absent or null: the exchange leaves flags out that are not set.
    func flag(_ name: String) throws(JSONError) -> Bool {
        try maybe(name) { value throws(JSONError) in try value.asBool() } ?? false
    }

    /// An array of exactly two, each read in its own way, such as the exchange's `[key, value]` pairs.
    func pair<First, Second>(
        _ first: (JSON) throws(JSONError) -> First, _ second: (JSON) throws(JSONError) -> Second
    ) throws(JSONError) -> (First, Second) {
        let elements = try asArray()
        guard elements.count == 2 else { throw JSONError(problem: "expected a pair, found \(elements.count) elements") }
        let one: First, two: Second
        do { one = try first(elements[0]) } catch { throw error.under("[0]") }
        do { two = try second(elements[1]) } catch { throw error.under("[1]") }
        return (one, two)
    }
}
