/// Who and what: names given by configuration or by the exchange. Each is a type, so that one cannot stand for another.
public protocol Name: Sendable, Hashable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    var text: String { get }
    init(_ text: String)
}

extension Name {
    public init(stringLiteral value: String) { self.init(value) }
    public var description: String { text }
    public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// A leader whose trades are copied.
public struct InfluencerID: Name { public let text: String; public init(_ text: String) { self.text = text } }

/// A person or firm that copies; owns one or more subscriptions.
public struct SubscriberID: Name { public let text: String; public init(_ text: String) { self.text = text } }

/// One subscriber copying one influencer with one set of settings.
public struct SubscriptionID: Name { public let text: String; public init(_ text: String) { self.text = text } }

/// An exchange account: the lower-case `0x` address under which positions are held and queried.
public struct AccountID: Name { public let text: String; public init(_ text: String) { self.text = text.lowercased() } }

/// A market by the exchange's own name: `BTC`, `kPEPE`, `xyz:CL`.
public struct Coin: Name { public let text: String; public init(_ text: String) { self.text = text } }
