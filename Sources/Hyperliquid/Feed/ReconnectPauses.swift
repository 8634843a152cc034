/// How long to wait before connecting again.
public struct ReconnectPauses: Sendable {
    public var first: Duration
    public var longest: Duration
    /// A connection that lived this long starts the pauses over.
    public var healthyAfter: Duration

    public init(first: Duration, longest: Duration, healthyAfter: Duration) {
        self.first = first
        self.longest = longest
        self.healthyAfter = healthyAfter
    }
}
