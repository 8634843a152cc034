import Settings

/// Why a command ends without success, what to do next, and the exit code that tells a script which kind it was.
struct Failure: Error, CustomStringConvertible {
    enum Kind: Int32 {
        /// A check found something wrong.
        case checkFailed = 1
        /// EX_USAGE: the arguments cannot be meant.
        case usage = 64
        /// EX_DATAERR: the input is malformed.
        case data = 65
        /// EX_UNAVAILABLE: a service is not there.
        case unavailable = 69
        /// EX_SOFTWARE: a loop of the process hung; the watchdog ends it with this code itself.
        case stalled = 70
        /// EX_IOERR: standard output could not be written.
        case output = 74
        /// EX_TEMPFAIL: the exchange was out of reach for too long; the process has handed over.
        case feedLost = 75
        /// EX_CONFIG.
        case configuration = 78
        /// 128 + SIGINT.
        case interrupted = 130
    }

    let kind: Kind
    let problem: String
    let nextStep: String?

    init(_ kind: Kind, _ problem: String, nextStep: String? = nil) {
        self.kind = kind
        self.problem = problem
        self.nextStep = nextStep
    }

    var description: String { problem }

    /// Writes problem and next step to standard error.
    func complain() {
        guard !problem.isEmpty else { return }
        Terminal.complain("vibe: \(problem)")
        if let nextStep { Terminal.complain("next: \(nextStep)") }
    }
}
