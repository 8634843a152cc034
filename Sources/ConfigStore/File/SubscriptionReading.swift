import CopyTrading

/// The sizing and limits of a subscription in a configuration file.
enum SubscriptionReading {
    /// `nil` after a fault.
    static func sizing(_ subscription: inout MappingReader) -> SizingMode? {
        guard let (node, place) = subscription.node("sizing") else {
            subscription.faults.add(subscription.place.member("sizing", line: subscription.place.line), "missing")
            return nil
        }
        guard var reader = MappingReader(node, place, subscription.faults) else { return nil }
        guard let mode: SizingMode.Mode = reader.required("mode", ValueParsing.choice) else { return nil }
        defer { reader.finish(note: " to mode \(mode.rawValue)") }
        switch mode {
        case .fixedNotional: return reader.required("notional", ValueParsing.money).map { .fixedNotional($0) }
        case .ratio: return reader.required("ratio", ValueParsing.ratio).map { .ratio($0) }
        case .equityProportional:
            let allocation = reader.required("allocation", ValueParsing.money)
            // A multiplier that cannot be read must not pass for the usual one.
            let multiplier = reader.node("multiplier") == nil ? .one : reader.value("multiplier", ValueParsing.ratio)
            guard let allocation, let multiplier else { return nil }
            return .equityProportional(allocation: allocation, multiplier: multiplier)
        }
    }

    /// All have defaults; `nil` when it is no mapping.
    static func limits(_ subscription: inout MappingReader) -> Subscription.Limits? {
        var limits = Subscription.Limits()
        guard let (node, place) = subscription.node("limits") else { return limits }
        guard var reader = MappingReader(node, place, subscription.faults) else { return nil }
        limits.maximumOrderNotional = reader.value("max_order_notional", ValueParsing.money)
        limits.maximumPositionNotional = reader.value("max_position_notional", ValueParsing.money)
        if let points = reader.value("entry_slippage_bps", ValueParsing.integer(ValueParsing.basisPoints)) {
            limits.entrySlippageBasisPoints = points
        }
        if let expiry = reader.value("entry_expiry_ms", ValueParsing.integer(ValueParsing.expiryMilliseconds)) {
            limits.entryExpiryMilliseconds = expiry
        }
        limits.allowedCoins = coins("allow", &reader)
        limits.deniedCoins = coins("deny", &reader) ?? []
        reader.finish()
        return limits
    }

    private static func coins(_ name: String, _ reader: inout MappingReader) -> Set<Coin>? {
        guard let elements = reader.list(name) else { return nil }
        var coins: Set<Coin> = []
        for (node, place) in elements {
            guard let text = node.scalar?.string else {
                reader.faults.add(place, "is \(node.kindName), expected a coin's name")
                continue
            }
            switch ValueParsing.coin(text) {
            case .success(let coin):
                if !coins.insert(coin).inserted { reader.faults.add(place, value: text, "is given twice") }
            case .failure(let problem): reader.faults.add(place, value: text, problem.text)
            }
        }
        return coins
    }
}
