extension FaultProxy {
    /// The way bytes go.
    public enum Way: Sendable, Hashable, CaseIterable {
        case toServer, toClient

        var opposite: Way { self == .toServer ? .toClient : .toServer }
    }

    /// What can go wrong between two processes.
    public enum Fault: Sendable {
        /// Bytes arrive so much later, in order; the jitter is drawn for each piece, from zero to its value.
        case delay(Duration, jitter: Duration = .zero, Set<Way> = Set(Way.allCases))
        /// Closes every open connection, once.
        case cut
        /// No new connection; those that are open go on.
        case refuse(Refusal)
        /// Bytes and closes are swallowed, the connection stays open.
        case halfOpen(Set<Way> = Set(Way.allCases))
        /// Every connection is reset (TCP: RST; Unix: closed) once so many more bytes have passed, both ways together.
        case resetAfter(bytes: Int)
        /// "Executed, and the reply lost": once so many more bytes of requests have been passed on, a connection is cut when its next reply
        /// comes, of which no byte is passed on.
        case dropReply(afterRequestBytes: Int)
        /// Bytes are passed on in pieces of at most so many, a write each.
        case slice(bytes: Int)

        public enum Refusal: Sendable {
            /// Accepted and closed at once.
            case closing
            /// Left waiting as in a kernel's queue: nothing is read of it until healed, then it is served, also when its client sends no more.
            case notAccepting
        }

        public enum Kind: String, Sendable, CaseIterable {
            case delay, cut, refuse, halfOpen, resetAfter, dropReply, slice
        }
    }
}

typealias Way = FaultProxy.Way
typealias Fault = FaultProxy.Fault

/// The faults in force.
struct Faults: Sendable {
    /// Rises when bytes are to be counted from zero.
    var round = 0
    var delays: [Way: (Duration, jitter: Duration)] = [:]
    var refusal: Fault.Refusal?
    var swallowed: Set<Way> = []
    var resetAfter: Int?
    var dropReplyAfter: Int?
    var slice: Int?

    init(round: Int) { self.round = round }

    mutating func add(_ fault: Fault) {
        switch fault {
        case .delay(let duration, let jitter, let ways): for way in ways { delays[way] = (duration, jitter) }
        case .cut: break
        case .refuse(let refusal): self.refusal = refusal
        case .halfOpen(let ways): swallowed = ways
        case .resetAfter(let bytes):
            resetAfter = max(0, bytes)
            round += 1
        case .dropReply(let bytes):
            dropReplyAfter = max(0, bytes)
            round += 1
        case .slice(let bytes): slice = max(1, bytes)
        }
    }

    /// How much later a piece arrives; `nil`: not later.
    func delay(_ way: Way) -> Duration? {
        delays[way].map { duration, jitter in duration + jitter * Double.random(in: 0...1) }
    }
}
