/// The files under `env/`, rendered from the table.
extension Knob {
    /// The text of `env/<area>.env`.
    public static func file(of area: Area) -> String {
        let knobs = all.filter { $0.area == area }
        return ([area.heading, preamble] + knobs.map(\.entry)).joined(separator: "\n\n") + "\n"
    }

    private static let preamble = """
        # A line that starts with # is a comment. Each knob stands at its default, commented out; remove the # to change it.
        # Read once at start. Durations are a whole number and us, ms, s, m, h or d.
        """

    private var entry: String {
        var facts = ["Range: \(kind.expected)."]
        if case .secret = kind {} else { facts.append(standard.map { "Default: \($0)." } ?? "Default: not set.") }
        let comment = [purpose] + facts + [effect]
        let assignments = variables.map { "#\($0)=\(standard ?? "")" } + (perID ? ["#\(name)__<id>="] : [])
        return (comment.flatMap(Self.wrapped) + assignments).joined(separator: "\n")
    }

    /// Comment lines of at most 110 characters.
    private static func wrapped(_ text: String) -> [String] {
        var lines = ["#"]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].count + 1 + word.count > 110 { lines.append("#  ") }
            lines[lines.count - 1] += " " + word
        }
        return lines
    }
}

extension Knob.Area {
    var heading: String {
        switch self {
        case .redis:
            """
            # Redis: where it is and how long it may take.
            # The server has to be 7.0 or newer, with `appendonly yes` and `maxmemory-policy noeviction`: a role refuses any other.
            """
        case .postgres: "# Postgres: configuration and the audit trail."
        case .pipeline: "# Pipeline: cells, partitions, leases, batches, bounds."
        case .exchange: "# Exchange: where orders go and when they are too late."
        case .rates: "# Rate limits. vibe limits shows what is in effect, and how much of it is left."
        case .safety: "# Safety: how accounts are looked after, and when circuit breakers open. What is traded at all is in the configuration file."
        case .ingest: "# Ingest: from fills to signals."
        case .audit: "# Audit: from the streams to Postgres."
        case .keys: "# Keys. Never an argument, never printed; prefer the _FILE form: a file that only its owner may read (chmod 600)."
        case .simulator: "# Simulator: the exchange that vibe sim plays."
        case .logging: "# Logging."
        case .fleet: "# Fleet: what vibe up tells the processes it starts."
        }
    }
}
