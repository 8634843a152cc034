/// What stops the simulator. A refused order is an answer, not an error.
public enum HyperSimError: Error, Equatable, CustomStringConvertible {
    /// A setting, the accounts or the fills file: what is wrong and where.
    case configuration(String)
    /// The ledger cannot be read or written; nothing is answered any more.
    case ledger(String)

    public var description: String {
        switch self {
        case .configuration(let problem): problem
        case .ledger(let problem): "ledger: \(problem)"
        }
    }
}
