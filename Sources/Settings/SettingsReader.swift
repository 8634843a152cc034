import Failpoints
import Foundation

/// Reads variables by the table of knobs and collects every fault; a faulty value is replaced by the default so that reading
/// goes on, and ``finish()`` throws them all together.
///
/// Asking for a knob that the table lacks, or as another kind, is an error of the program and stops it.
public struct SettingsReader {
    private let environment: [String: String]
    private let knobs: [String: Knob]
    private var faults: [SettingsFault] = []
    private var faulty: Set<String> = []

    public init(environment: [String: String], knobs: [Knob] = Knob.all) {
        self.environment = environment.filter { $0.key.hasPrefix("VIBE_") }
        self.knobs = Dictionary(uniqueKeysWithValues: knobs.map { ($0.name, $0) })
        reportUnknown(knobs)
    }

    /// - Throws: all faults in order of their names.
    public func finish() throws(SettingsFaults) {
        guard faults.isEmpty else { throw SettingsFaults(faults.sorted { $0.name < $1.name }) }
    }

    /// `nil` when the knob has no default and is not given.
    public mutating func optional<Value>(_ name: String, _ parse: (String) -> Value?) -> Value? {
        let knob = knob(name)
        let standard = knob.standard.map { text in
            guard let value = parse(text) else { preconditionFailure("\(name): the default \(text) is out of its range") }
            return value
        }
        guard let text = environment[knob.name] else { return standard }
        if !text.isEmpty, let value = parse(text) { return value }
        fault(knob.name, text, knob.kind.expected)
        return standard
    }

    public mutating func required<Value>(_ name: String, _ parse: (String) -> Value?) -> Value {
        guard let value = optional(name, parse) else { preconditionFailure("\(name) has no default") }
        return value
    }

    public mutating func integer(_ name: String) -> Int {
        guard case .integer(_, let range) = knob(name).kind else { preconditionFailure("\(name) is no integer") }
        return required(name) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
    }

    public mutating func optionalInteger(_ name: String) -> Int? {
        guard case .integer(_, let range) = knob(name).kind else { preconditionFailure("\(name) is no integer") }
        return optional(name) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
    }

    public mutating func duration(_ name: String) -> Duration {
        guard case .duration(let range) = knob(name).kind else { preconditionFailure("\(name) is no duration") }
        return required(name) { text in Duration(parsing: text).flatMap { range.contains($0) ? $0 : nil } }
    }

    public mutating func optionalDuration(_ name: String) -> Duration? {
        guard case .duration(let range) = knob(name).kind else { preconditionFailure("\(name) is no duration") }
        return optional(name) { text in Duration(parsing: text).flatMap { range.contains($0) ? $0 : nil } }
    }

    public mutating func choice<Choice: RawRepresentable<String>>(_ name: String, as: Choice.Type = Choice.self) -> Choice {
        guard case .choice(let choices) = knob(name).kind else { preconditionFailure("\(name) is no choice") }
        return required(name) { text in choices.contains(text) ? Choice(rawValue: text) : nil }
    }

    public mutating func flag(_ name: String) -> Bool {
        guard case .flag = knob(name).kind else { preconditionFailure("\(name) is no flag") }
        return required(name) { text in ["yes": true, "no": false][text] }
    }

    public mutating func url(_ name: String) -> String {
        guard case .url(let schemes) = knob(name).kind else { preconditionFailure("\(name) is no URL") }
        return required(name) { text in
            schemes.contains { text.hasPrefix($0 + "://") && text.utf8.count > $0.utf8.count + 3 } && !text.contains(" ") ? text : nil
        }
    }

    public mutating func rate(_ name: String) -> RateLimit {
        required(name) { text in try? RateLimit(parsing: text) }
    }

    /// The exceptions `NAME__<id>`, by ``RateLimits/key(of:)``.
    public mutating func rates(perID name: String) -> [String: RateLimit] {
        let prefix = knob(name).name + "__"
        var limits: [String: RateLimit] = [:]
        var source: [String: String] = [:]
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix(prefix) {
            let id = RateLimits.key(of: variable.dropFirst(prefix.count))
            if id.isEmpty {
                fault(variable, text, "an id after the two underscores")
            } else if let other = source[id] {
                fault(variable, text, "one exception for \(id): \(other) is one already")
            } else if let limit = try? RateLimit(parsing: text) {
                limits[id] = limit
                source[id] = variable
            } else {
                fault(variable, text, RateLimit.grammar)
            }
        }
        return limits
    }

    /// A secret, from its variable or from the file that `NAME_FILE` names (line breaks at its ends are dropped).
    public mutating func secret(_ name: String, valid: (String) -> Bool = { !$0.isEmpty }) -> Secret? {
        let knob = knob(name)
        let file = knob.name + "_FILE"
        switch (environment[knob.name], environment[file]) {
        case (nil, nil): return nil
        case (.some, .some):
            fault(file, nil, "either \(knob.name) or \(file), not both")
            return nil
        case (.some(let text), nil):
            guard valid(text) else { fault(knob.name, nil, knob.kind.expected); return nil }
            return Secret(text)
        case (nil, .some(let path)): return secret(in: path, file, "a file with \(knob.kind.expected)", valid)
        }
    }

    /// Secrets from files, their names separated by commas; each file as ``secret(_:valid:)`` reads one.
    public mutating func secrets(files name: String, valid: (String) -> Bool) -> [Secret] {
        let knob = knob(name)
        var secrets: [Secret] = []
        for path in (environment[knob.name] ?? "").split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) where !path.isEmpty {
            if let secret = secret(in: path, knob.name, knob.kind.expected, valid) { secrets.append(secret) }
        }
        return secrets
    }

    private mutating func secret(in path: String, _ variable: String, _ expected: String, _ valid: (String) -> Bool) -> Secret? {
        do {
            let text = try SecretFile.read(path).trimmingCharacters(in: .newlines)
            if valid(text) { return Secret(text) }
            fault(variable, path, "\(expected); this one has something else")
        } catch { fault(variable, path, "\(expected); this one \(error.problem)") }
        return nil
    }

    /// The name of a file with a secret that is read later.
    public mutating func secretFile(_ name: String) -> String? {
        guard let path: String = optional(name, { $0 }) else { return nil }
        do { _ = try SecretFile.read(path) } catch { fault(knob(name).name, path, "a file with a private key; this one \(error.problem)") }
        return path
    }

    /// A fault names the part of the text that is wrong.
    public mutating func failpoints(_ name: String, seed: Int) -> FailpointPlan? {
        let knob = knob(name)
        guard let text = environment[knob.name] else { return nil }
        do { return try FailpointPlan(parsing: text, seed: UInt64(seed)) } catch {
            fault(knob.name, error.part, error.expected)
            return nil
        }
    }

    /// Checks a relation between knobs, unless one of them is faulty by itself.
    public mutating func relation(_ holds: Bool, _ name: String, _ value: Duration, _ relation: String, _ other: String, _ limit: Duration) {
        let names = ["VIBE_" + name, "VIBE_" + other]
        guard !holds, faulty.isDisjoint(with: names) else { return }
        fault(names[0], value.text, "\(relation) \(names[1])=\(limit.text)")
    }

    /// Reports a value that is well-formed and still cannot be.
    public mutating func require(_ holds: Bool, _ name: String, _ value: String?, _ expected: String) {
        guard !holds, !faulty.contains("VIBE_" + name) else { return }
        fault("VIBE_" + name, value, expected)
    }

    private func knob(_ name: String) -> Knob {
        guard let knob = knobs["VIBE_" + name] else { preconditionFailure("no knob VIBE_\(name)") }
        return knob
    }

    private mutating func fault(_ name: String, _ value: String?, _ expected: String) {
        let namesFiles = name.hasSuffix("_FILE") || name.hasSuffix("_FILES")
        let value = namesFiles ? value.flatMap(Self.fileName) : value
        faults.append(SettingsFault(name: name, value: value.flatMap(Redaction.shown), expected: expected))
        faulty.insert(name)
    }

    /// `nil` for what may be the secret itself in the place of its file's name.
    private static func fileName(_ text: String) -> String? {
        if FileManager.default.fileExists(atPath: text) { return text }
        let isName = text.contains("/") && !text.contains(where: \.isNewline) && !Settings.isSealingKey(text.trimmingCharacters(in: .whitespaces))
        return isName ? text : nil
    }

    private mutating func reportUnknown(_ knobs: [Knob]) {
        let known = Set(knobs.flatMap(\.variables))
        let prefixes = knobs.filter(\.perID).map { $0.name + "__" }
        for (variable, _) in environment where !known.contains(variable) && !prefixes.contains(where: variable.hasPrefix) {
            let nearest = NearestName.of(variable, among: known, prefixes: prefixes)
            fault(variable, nil, nearest.map { "a known name; did you mean \($0)?" } ?? "a known name; see env/")
        }
    }
}
