/// One environment variable this program understands. The table ``Knob/all`` is the one source: the reader takes defaults and
/// ranges from it, and the files under `env/` are its rendering.
public struct Knob: Sendable {
    /// `VIBE_` and the upper-case rest.
    public let name: String
    public let area: Area
    public let kind: Kind
    /// The default as it would be written in the environment; `nil` when the knob is unset unless given.
    public let standard: String?
    /// What it is for, one or two sentences.
    public let purpose: String
    /// What raising it (or setting it) does.
    public let effect: String
    /// True when `NAME__<id>` sets it for one subscriber or account.
    public let perID: Bool

    init(
        _ name: String, _ area: Area, _ kind: Kind, standard: String? = nil, perID: Bool = false, purpose: String, effect: String
    ) {
        self.name = "VIBE_" + name
        self.area = area
        self.kind = kind
        self.standard = standard
        self.purpose = purpose
        self.effect = effect
        self.perID = perID
    }

    /// One area is one file, `env/<area>.env`.
    public enum Area: String, Sendable, CaseIterable {
        case redis, postgres, pipeline, exchange, rates, safety, ingest, audit, keys, simulator, logging, fleet
    }

    /// What a value may be.
    public enum Kind: Sendable {
        case text(String)
        case path
        case url(schemes: [String])
        case integer(unit: String, ClosedRange<Int>)
        case duration(ClosedRange<Duration>)
        case choice([String])
        case flag
        case rate
        /// Never printed. `NAME_FILE` names a ``SecretFile`` that holds it instead.
        case secret(String)
    }

    /// The variables that set this knob.
    public var variables: [String] {
        if case .secret = kind { return [name, name + "_FILE"] }
        return [name]
    }
}

extension Knob {
    /// Every knob, in the order of the files.
    public static let all: [Knob] =
        redis + postgres + pipeline + exchange + rates + safety + ingest + audit + keys + simulator + logging + fleet
}

extension Knob.Kind {
    /// For people: what a value must look like.
    public var expected: String {
        switch self {
        case .text(let text): text
        case .path: "a path"
        case .url(let schemes): "a URL starting with " + schemes.map { $0 + "://" }.joined(separator: " or ")
        case .integer(let unit, let range): "a whole number of \(unit), \(range.lowerBound) to \(range.upperBound)"
        case .duration(let range): "a duration such as 250ms, 3s or 5m, \(range.lowerBound.text) to \(range.upperBound.text)"
        case .choice(let choices): "one of " + choices.joined(separator: ", ")
        case .flag: "yes or no"
        case .rate: RateLimit.grammar
        case .secret(let text): text
        }
    }
}
