import CopyTrading

/// One part of a copy's way, or several together.
enum Hop: String, CaseIterable, Sendable {
    case dueToReceived, receivedToSignal, signalToRequest, requestToJob, jobToPrepared, preparedToSent, sentToAcknowledged
    case acknowledgedToResult
    case receivedToSent, dueToSent, dueToResult

    var title: String {
        switch self {
        case .dueToReceived: "fill due → frame received"
        case .receivedToSignal: "→ signal published (ingest)"
        case .signalToRequest: "→ request (match)"
        case .requestToJob: "→ job (plan)"
        case .jobToPrepared: "→ taken up and decided (work)"
        case .preparedToSent: "→ booked, signed, written (work)"
        case .sentToAcknowledged: "→ acknowledged (exchange)"
        case .acknowledgedToResult: "→ result (work)"
        case .receivedToSent: "frame received → order written"
        case .dueToSent: "fill due → order written"
        case .dueToResult: "fill due → result"
        }
    }

    /// Spans several of the others.
    var isWhole: Bool { [.receivedToSent, .dueToSent, .dueToResult].contains(self) }
}

/// When each step of one copy happened, microseconds since 1970. Times of stream entries are the middle of their millisecond.
struct CopyTimes: Sendable {
    var due: Int64
    var signal: Int64
    var request: Int64
    var job: Int64
    var result: Int64
    var times: ExecutionResult.Times

    /// Microseconds.
    func duration(_ hop: Hop) -> Int64 {
        switch hop {
        case .dueToReceived: times.received - due
        case .receivedToSignal: signal - times.received
        case .signalToRequest: request - signal
        case .requestToJob: job - request
        case .jobToPrepared: times.prepared - job
        case .preparedToSent: times.sent - times.prepared
        case .sentToAcknowledged: times.acknowledged - times.sent
        case .acknowledgedToResult: result - times.acknowledged
        case .receivedToSent: times.sent - times.received
        case .dueToSent: times.sent - due
        case .dueToResult: result - due
        }
    }
}
