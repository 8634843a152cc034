import AuditTrail
import CopyTrading
import JSON

/// Where a leader is flat, so are its followers: by the exchange's ledger, and by what the last results say of each subscription.
struct ExitCheck {
    /// Endings after which a position is rightly held: no order can or may close it.
    private static let explanations: Set<Outcome> = [
        .strandedDust, .manual, .coinLocked, .halted, .paused, .windDown, .delisted, .unsupported, .agent,
    ]

    private let sent: SentOrders
    private let excused: [String: String]
    /// `account coin` → what the exchange says is held.
    private var positions: [String: Size] = [:]

    init(_ sent: SentOrders, excused: [String: String]) {
        self.sent = sent
        self.excused = excused
    }

    mutating func add(_ event: LedgerEvent) {
        if let coin = event.coin, let position = event.positionAfter { positions["\(event.account) \(coin)"] = position }
    }

    /// After the last line.
    func finish(_ reader: AuditReader, _ verdict: inout InvariantVerdict) async throws {
        let leaders = try await Self.leaders(reader)
        for (place, holdings) in Dictionary(grouping: sent.holdings, by: { "\($0.value.account) \($0.key.coin)" }).sorted(by: { $0.key < $1.key }) {
            let flat = holdings.filter { leaders["\($0.value.influencer) \($0.key.coin)"]?.isZero ?? false }.sorted { $0.key < $1.key }
            guard !flat.isEmpty else { continue }
            verdict.look(flat.count)
            let held = positions[place] ?? .zero
            // what is held, or not, may be another subscription's whose leader is not flat: then only the sleeves can tell
            let areAll = flat.count == holdings.count
            guard excused[place] == nil, !areAll || !held.isZero else { continue }
            let open = flat.filter { !$0.value.position.isZero }
            let guilty = open.isEmpty && areAll ? flat : open
            guard !guilty.isEmpty, !guilty.allSatisfy({ Self.explanations.contains($0.value.outcome) }) else { continue }
            let names = guilty.map { "\($0.key.subscription) (\($0.value.influencer) is flat, last result \($0.value.outcome.rawValue))" }
            verdict.find("\(place): \(held) is held for \(names.joined(separator: ", "))")
        }
    }

    /// `influencer coin` → where its last signal left it.
    private static func leaders(_ reader: AuditReader) async throws -> [String: Size] {
        var leaders: [String: Size] = [:]
        try await reader.forEachPage(of: .signals) { rows in
            try Task.checkCancellation()
            for row in rows {
                // one by which a subscription joins says nothing of its leader
                guard let json = row.data.flatMap({ try? JSON.parse($0) }), let signal = try? Signal(json: json), signal.join == nil else { continue }
                leaders["\(signal.influencer) \(signal.coin)"] = signal.end
            }
        }
        return leaders
    }
}
