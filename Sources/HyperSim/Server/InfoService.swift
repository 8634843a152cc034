import JSON

/// POST /info and the WebSocket's `post` of type `info`.
struct InfoService {
    let engine: Engine

    /// - Parameter now: milliseconds since 1970.
    /// - Returns: the answer, and what it weighs beyond the request's own weight.
    func answer(_ json: JSON, now: Int64) -> (reply: Reply, weight: Int) {
        guard let kind = Self.kind(of: json) else { return (.undecodable, 0) }
        var writer = WireWriter(capacity: 1024)
        do {
            let weight = try kind.answer(InfoQuery(engine: engine, json: json, now: now), to: &writer)
            return (.json(writer.bytes), weight)
        } catch { return (.undecodable, 0) }
    }

    /// What the request itself weighs; what cannot be read weighs as most do.
    static func weight(of json: JSON) -> Int { kind(of: json)?.weight ?? 20 }

    /// The request's type, which a WebSocket answer repeats.
    static func typeName(of json: JSON) -> String {
        guard case .string(let name)? = json["type"] else { return "" }
        return name
    }

    private static func kind(of json: JSON) -> InfoKind? { InfoKind.table[typeName(of: json)] }
}
