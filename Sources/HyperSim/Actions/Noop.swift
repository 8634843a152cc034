import JSON

/// `{"type":"noop"}`: does nothing; the nonce is what it burns.
struct Noop: Operation {
    var canonical: JSON { ["type": "noop"] }

    init(json: JSON) {}

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        engine.count { $0.noops += 1 }
        engine.effects.ledger.append(LedgerEntry(context, .noop))
        return .done
    }
}
