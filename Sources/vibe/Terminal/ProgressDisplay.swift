import Foundation

/// One look at something that takes its time.
protocol ProgressLook {
    /// For logs.
    var line: String { get }
    func rendered(for terminal: Terminal) -> String
}

/// Shows one look after the other: on a terminal in place, elsewhere as a line every two seconds.
struct ProgressDisplay {
    private let terminal: Terminal
    private let descriptor: Int32
    private var linesShown = 0
    private var lastLine: ContinuousClock.Instant?

    static let lineInterval = Duration.seconds(2)
    static let lookInterval = Duration.milliseconds(500)

    init(terminal: Terminal = .output, descriptor: Int32 = STDOUT_FILENO) {
        self.terminal = terminal
        self.descriptor = descriptor
    }

    mutating func show(_ progress: some ProgressLook, isLast: Bool = false) {
        guard terminal.isInteractive else {
            let now = ContinuousClock.now
            if let lastLine, !isLast, now - lastLine < Self.lineInterval { return }
            lastLine = now
            Terminal.write(progress.line + "\n", to: descriptor)
            return
        }
        let text = progress.rendered(for: terminal)
        // Up to the first line of the last look, then clear from there to the end of the screen.
        let back = linesShown > 0 ? "\u{1B}[\(linesShown)F\u{1B}[J" : ""
        Terminal.write(back + text + "\n", to: descriptor)
        linesShown = text.split(separator: "\n", omittingEmptySubsequences: false).count
    }

    /// A message among the looks; the next one is drawn below it.
    mutating func note(_ text: String) {
        Terminal.write(text + "\n", to: descriptor)
        linesShown = 0
    }
}
