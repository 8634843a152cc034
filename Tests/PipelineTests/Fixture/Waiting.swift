import Foundation
import Testing

/// A condition that did not come true in time.
struct NotReached: Error, CustomStringConvertible {
    var description: String
}

/// Looks every few milliseconds until `condition` holds.
/// - Throws: ``NotReached`` after `limit`, with what `evidence` says then.
func eventually(
    _ what: String, within limit: Duration = .seconds(15), evidence: () async -> String = { "" }, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NotReached(description: "not within \(limit): \(what)\n\(await evidence())") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// At most so many fleets run at a time: their leases are short, and starved processes lose them.
actor FleetGate {
    static let shared = FleetGate(places: 3)
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
}
