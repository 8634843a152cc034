/// Why a job exists that no leader's trade led to (R-45). Its ids are functions of what was found, so that it is made once.
public enum JobOrigin: String, Sendable, CaseIterable {
    /// The sleeve and what the leader holds do not agree (R-55).
    case drift
    /// The kill switch, or a loss limit that closes everything (R-82, R-84).
    case flatten
    /// The subscription's stop-loss or take-profit was carried out by the exchange (R-63).
    case protection
    /// The price of the subscription's stop-loss or take-profit was passed before it could rest (R-63).
    case stop
    /// A limit order that mirrors the leader's traded.
    case mirror

    /// Whether a job was queued for it; the others were carried out by the exchange, by an order that rested there.
    public var isQueued: Bool { self == .drift || self == .flatten || self == .stop }
}

extension JobID {
    /// A correction is made once for each state of the sleeve that it corrects, and once more for each exit of it that came to nothing.
    public static func drift(_ kind: DriftCheck.Kind, subscription: SubscriptionID, coin: Coin, sleeve: Sleeve) -> JobID {
        JobID(Fingerprint.of(["drift", kind.rawValue, subscription.text, coin.text, sleeve.state]))
    }

    /// A flatten has one order for each state of a sleeve however often it is asked for and whoever carries it out (R-84): another when the
    /// one before left something, or came to nothing.
    /// - Parameter latch: what it was asked for by: a latch's id, or a day's loss.
    public static func flatten(latch: String, subscription: SubscriptionID, coin: Coin, sleeve: Sleeve) -> JobID {
        JobID(Fingerprint.of(["flatten", latch, subscription.text, coin.text, sleeve.state]))
    }

    /// Instead of a trigger that the exchange refuses, once for each state of the sleeve.
    public static func stop(_ trigger: ClientOrderID, sleeve: Sleeve) -> JobID {
        JobID(Fingerprint.of(["stop", trigger.text, sleeve.state]))
    }

    /// What a limit order that mirrors the leader's did at the exchange.
    public static func mirror(_ order: ClientOrderID) -> JobID { JobID(Fingerprint.of(["mirror", order.text])) }

    /// What a trigger of ours did at the exchange.
    public static func protection(_ trigger: ClientOrderID) -> JobID { JobID(Fingerprint.of(["protection", trigger.text])) }
}

extension Sleeve {
    /// Tells its states apart, also from those of other lives, whose revisions begin anew.
    public var version: String { "\(lifecycle?.text ?? "") \(revision)" }
    /// The same for what exits are to do: one that came to nothing is followed by another.
    fileprivate var state: String { "\(version) \(fruitlessExits)" }
}

extension ClientOrderID {
    /// Of a stop-loss or take-profit of a sleeve: another when the sleeve, or what is to rest for it, has changed.
    public static func trigger(_ order: RestingOrder, subscription: SubscriptionID, coin: Coin, sleeve: Sleeve) -> ClientOrderID {
        ClientOrderID(
            "0x" + Fingerprint.of(
                ["trigger", order.kind.rawValue, subscription.text, coin.text, sleeve.version, "\(order.size)", "\(order.price)"]))
    }
}
