import Foundation
import Synchronization

/// What standard output is: a person at a terminal, or a file or pipe that wants plain lines.
struct Terminal: Sendable {
    let isInteractive: Bool
    /// Colours: on a terminal, unless NO_COLOR is set (no-color.org) or TERM is dumb.
    let hasColour: Bool
    private let fixedWidth: Int?
    /// Columns; 100 where there is no terminal to ask.
    var width: Int { fixedWidth ?? Self.columns() ?? 100 }

    static let output = Terminal(descriptor: STDOUT_FILENO)

    init(descriptor: Int32) {
        let environment = ProcessInfo.processInfo.environment
        isInteractive = isatty(descriptor) == 1 && environment["TERM"] != "dumb"
        hasColour = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
        fixedWidth = nil
    }

    /// Plain lines of at most `width` characters.
    init(width: Int) {
        isInteractive = false
        hasColour = false
        fixedWidth = width
    }

    func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    enum Style: Int {
        case bold = 1, dim = 2, red = 31, green = 32, yellow = 33, cyan = 36
    }

    /// A line on standard error.
    static func complain(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// A line on standard output, at once, so that it can be followed through a pipe.
    static func say(_ text: String) { write(text + "\n") }

    /// Text on standard output at once. When nobody reads any more there is nobody to tell: what was started is still stopped in order. Any
    /// other fault is kept for ``outputFailure``.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // whoever shares it has made it non-blocking
                var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&room, 1, -1)
            case let fault:
                if fault != EPIPE, descriptor == STDOUT_FILENO { outputFault.store(fault, ordering: .relaxed) }
                return
            }
        }
    }

    private static let outputFault = Atomic<Int32>(0)

    /// Standard output that was cut off must not pass for a whole one.
    static var outputFailure: Failure? {
        let fault = outputFault.load(ordering: .relaxed)
        return fault == 0 ? nil : Failure(.output, "not everything could be written to standard output: \(String(cString: strerror(fault)))")
    }

    private static func columns() -> Int? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else { return nil }
        return Int(size.ws_col)
    }
}
