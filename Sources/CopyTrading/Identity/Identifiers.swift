import Cryptography

/// Identifiers are pure functions of their inputs: the same input gives the same id on any machine, so redelivery,
/// replay and a second socket collapse into one.
public struct SignalID: Name { public let text: String; public init(_ text: String) { self.text = text } }
public struct RequestID: Name { public let text: String; public init(_ text: String) { self.text = text } }
public struct JobID: Name { public let text: String; public init(_ text: String) { self.text = text } }

/// The exchange's client order id: `0x` and 32 lower-case hexadecimal digits.
public struct ClientOrderID: Name { public let text: String; public init(_ text: String) { self.text = text } }

extension SignalID {
    /// 32 hexadecimal digits of H(network, influencer, coin, first fill, last fill, legs).
    public init(network: String, influencer: InfluencerID, coin: Coin, firstFill: Int64, lastFill: Int64, legs: [Leg]) {
        let legText = legs.map { "\($0.action.rawValue):\($0.start)>\($0.end)" }
        self.init(Fingerprint.of(["signal", network, influencer.text, coin.text, "\(firstFill)", "\(lastFill)"] + legText))
    }
}

extension SignalID {
    /// Of the signal by which a subscription joins what its leader holds: H(network, influencer, coin, subscription, version of the
    /// configuration by which it joins), the same from a restarted ingest and from another owner.
    public init(network: String, influencer: InfluencerID, coin: Coin, joining subscription: SubscriptionID, configVersion: Int64) {
        self.init(Fingerprint.of(["join", network, influencer.text, coin.text, subscription.text, "\(configVersion)"]))
    }
}

extension RequestID {
    public init(signal: SignalID, subscription: SubscriptionID) {
        self.init(Fingerprint.of(["request", signal.text, subscription.text]))
    }
}

extension JobID {
    /// - Parameter leg: position of the leg in the signal, from 0.
    public init(request: RequestID, leg: Int) { self.init(Fingerprint.of(["job", request.text, "\(leg)"])) }
}

extension ClientOrderID {
    /// - Parameter attempt: from 1; a new attempt exists only once the one before it is proven never to have landed or to be done.
    public init(job: JobID, attempt: Int) { self.init("0x" + Fingerprint.of(["order", job.text, "\(attempt)"])) }
}

enum Fingerprint {
    /// The first 128 bits of SHA-256 over the parts, each preceded by its length so that no two lists share one text.
    static func of(_ parts: [String]) -> String {
        var bytes: [UInt8] = []
        for part in parts {
            bytes.append(contentsOf: "\(part.utf8.count):".utf8)
            bytes.append(contentsOf: part.utf8)
        }
        return Hexadecimal.text(SHA256.hash(bytes).prefix(16))
    }
}
