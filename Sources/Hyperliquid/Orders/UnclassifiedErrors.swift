import Synchronization

/// Counts the exchange's texts and status words that nothing here recognises, so that a new wording is noticed. Bounded, whatever the
/// exchange sends.
public final class UnclassifiedErrors: Sendable {
    /// Different texts kept; those beyond are counted together.
    public static let maximumTexts = 100
    /// Characters kept of a text.
    public static let maximumLength = 120

    /// This process's.
    public static let shared = UnclassifiedErrors()

    public struct Counts: Sendable, Equatable {
        /// By the text's beginning.
        public var texts: [String: Int] = [:]
        /// Occurrences of texts for which there was no room.
        public var beyond = 0
    }

    private let state = Mutex(Counts())

    public init() {}

    public func record(_ text: String) {
        let beginning = String(text.prefix(Self.maximumLength))
        state.withLock { counts in
            if counts.texts[beginning] != nil || counts.texts.count < Self.maximumTexts {
                counts.texts[beginning, default: 0] += 1
            } else {
                counts.beyond += 1
            }
        }
    }

    /// Since the process began.
    public var counts: Counts { state.withLock { $0 } }
}
