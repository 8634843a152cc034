import CopyTrading
import JSON

/// Writes the frames the server sends.
enum SocketMessage {
    static let greeting = Array("Websocket connection established.".utf8)
    static let pong = Array(#"{"channel":"pong"}"#.utf8)

    static func error(_ text: String) -> [UInt8] {
        var writer = WireWriter()
        writer.raw(#"{"channel":"error","data":"#)
        writer.string(text)
        writer.raw("}")
        return writer.bytes
    }

    static func acknowledgement(method: StaticString, _ subscription: Subscription) -> [UInt8] {
        var writer = WireWriter()
        writer.raw(#"{"channel":"subscriptionResponse","data":{"method":""#)
        writer.raw(method)
        writer.raw(#"","subscription":"#)
        writer.json(subscription.json)
        writer.raw("}}")
        return writer.bytes
    }

    /// - Parameter isSnapshot: the flag is left out of later messages.
    static func userFills(_ fills: some Sequence<Fill>, of user: String, isSnapshot: Bool = false) -> [UInt8] {
        var writer = WireWriter(capacity: 512)
        writer.raw(isSnapshot ? #"{"channel":"userFills","data":{"isSnapshot":true,"user":"# : #"{"channel":"userFills","data":{"user":"#)
        writer.plain(user)
        writer.raw(#","fills":"#)
        writer.array(fills) { writer, fill in fill.write(to: &writer) }
        writer.raw("}}")
        return writer.bytes
    }

    static func orderUpdates(_ updates: some Sequence<OrderUpdate>) -> [UInt8] {
        var writer = WireWriter(capacity: 512)
        writer.raw(#"{"channel":"orderUpdates","data":"#)
        writer.array(updates) { writer, update in update.write(to: &writer) }
        writer.raw("}")
        return writer.bytes
    }

    static func trades(_ trades: some Sequence<Trade>, in market: Market) -> [UInt8] {
        var writer = WireWriter(capacity: 512)
        writer.raw(#"{"channel":"trades","data":"#)
        writer.array(trades) { writer, trade in market.write(trade, to: &writer) }
        writer.raw("}")
        return writer.bytes
    }

    static func bestOffers(_ market: Market, now: Int64) -> [UInt8] {
        var writer = WireWriter()
        writer.raw(#"{"channel":"bbo","data":"#)
        market.writeBestOffers(now: now, to: &writer)
        writer.raw("}")
        return writer.bytes
    }

    static func book(_ market: Market, _ aggregation: BookAggregation, fast: Bool, now: Int64) -> [UInt8] {
        var writer = WireWriter(capacity: 2048)
        writer.raw(#"{"channel":"l2Book","data":"#)
        market.writeBook(aggregation, fast: fast, now: now, to: &writer)
        writer.raw("}")
        return writer.bytes
    }

    static func allMids(dex name: String, _ universe: Universe) -> [UInt8] {
        var writer = WireWriter(capacity: 1024)
        writer.raw(#"{"channel":"allMids","data":{"#)
        if !name.isEmpty {
            writer.raw(#""dex":"#)
            writer.string(name)
            writer.raw(",")
        }
        writer.raw(#""mids":"#)
        universe.writeMids(dex: universe.index(ofDex: name) ?? 0, to: &writer)
        writer.raw("}}")
        return writer.bytes
    }

    /// The answer to a `post` request.
    /// - Parameter type: of an info request, repeated in the answer.
    static func answer(id: UInt64, _ post: SocketRequest.Post, _ reply: Reply) -> [UInt8] {
        var writer = WireWriter(capacity: 512)
        writer.raw(#"{"channel":"post","data":{"id":"#)
        writer.integer(id)
        switch (post, reply) {
        case (.info(let request), .json(let bytes)):
            writer.raw(#","response":{"type":"info","payload":{"type":"#)
            writer.string(InfoRequest.typeName(of: request))
            writer.raw(#","data":"#)
            writer.raw(bytes)
            writer.raw("}}}}")
        case (.action, .json(let bytes)):
            writer.raw(#","response":{"type":"action","payload":"#)
            writer.raw(bytes)
            writer.raw("}}}")
        case (_, .undecodable):
            writer.raw(#","response":{"type":"error","payload":"#)
            writer.string("422 \(Reply.undecodableText)")
            writer.raw("}}}")
        }
        return writer.bytes
    }
}
