/// What can go wrong with a Zstandard stream.
public enum ZstandardError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The library has no memory for its working state.
    case outOfMemory
    /// The library refused, in its own words: a damaged or foreign stream, or a checksum that does not match.
    case refused(String)
    /// The input ended inside a frame.
    case truncated

    public var description: String {
        switch self {
        case .outOfMemory: "Zstandard: out of memory"
        case .refused(let reason): "Zstandard: \(reason)"
        case .truncated: "Zstandard: the stream ends before it is complete"
        }
    }
}
