import Foundation

/// A value that must not reach a log, an error or a terminal: it has no description but dots.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    public init(_ value: String) { self.value = value }

    /// The value itself; call it only where it is used.
    public func reveal() -> String { value }

    public var description: String { "••••" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// URLs are shown without the password they may carry.
public enum Redaction {
    /// As ``url(_:)``; `nil` for what may be a private key in the wrong place (64 hexadecimal digits in a row).
    public static func shown(_ text: String) -> String? {
        var run = 0
        for byte in text.utf8 {
            run = Character(Unicode.Scalar(byte)).isHexDigit ? run + 1 : 0
            if run == 64 { return nil }
        }
        return url(text)
    }

    /// `redis://user:secret@host` becomes `redis://user:••••@host`, and so does `redis://user:secret` without a host, where a port would be a
    /// number; `password=secret` becomes `password=••••`, up to the next `&`: a password may have spaces.
    public static func url(_ text: String) -> String {
        var shown = text
        let start = shown.range(of: "://")?.upperBound ?? shown.startIndex
        if let at = shown[start...].lastIndex(of: "@"), let colon = shown[start..<at].firstIndex(of: ":") {
            shown.replaceSubrange(shown.index(after: colon)..<at, with: "••••")
        } else if !shown[start...].contains("@") {
            let end = shown[start...].firstIndex { $0 == "/" || $0 == "?" } ?? shown.endIndex
            if start > shown.startIndex, !shown[start...].hasPrefix("["), let colon = shown[start..<end].firstIndex(of: ":"),
                !shown[shown.index(after: colon)..<end].allSatisfy({ $0.isASCII && $0.isNumber })
            {
                shown.replaceSubrange(shown.index(after: colon)..<end, with: "••••")
            }
        }
        var from = shown.startIndex
        while let key = shown[from...].range(of: "password=") {
            let end = shown[key.upperBound...].firstIndex(of: "&") ?? shown.endIndex
            shown.replaceSubrange(key.upperBound..<end, with: "••••")
            from = shown.index(key.upperBound, offsetBy: 4)
        }
        return shown
    }
}
