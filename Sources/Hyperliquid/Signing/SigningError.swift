/// Why an action cannot be signed: the field (a path such as `orders[0].p`; empty for the whole) and what is wrong with it.
public struct SigningError: Error, Equatable, CustomStringConvertible {
    public var field: String
    public var problem: String

    public init(field: String = "", problem: String) {
        self.field = field
        self.problem = problem
    }

    public var description: String { field.isEmpty ? problem : "\(field): \(problem)" }

    func inside(_ parent: String) -> SigningError {
        let joint = field.isEmpty || field.hasPrefix("[") ? "" : "."
        return SigningError(field: parent + joint + field, problem: problem)
    }
}
