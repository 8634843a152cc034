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

    /// `{"channel":channel,"data":…}`
    static func data(_ channel: String, capacity: Int = 512, _ write: (inout WireWriter) -> Void) -> [UInt8] {
        var writer = WireWriter(capacity: capacity)
        writer.raw(#"{"channel":"#)
        writer.plain(channel)
        writer.raw(#","data":"#)
        write(&writer)
        writer.raw("}")
        return writer.bytes
    }

    /// `{"isSnapshot":true,"user":…,name:[…]}` in the channel; the flag is left out of later messages.
    static func list<Elements: Sequence>(
        _ channel: Subscription.Channel, of user: String, _ name: StaticString, isSnapshot: Bool, _ elements: Elements,
        _ write: (inout WireWriter, Elements.Element) -> Void
    ) -> [UInt8] {
        data(channel.rawValue) { writer in
            writer.raw(isSnapshot ? #"{"isSnapshot":true,"user":"# : #"{"user":"#)
            writer.plain(user)
            writer.raw(#",""#)
            writer.raw(name)
            writer.raw(#"":"#)
            writer.array(elements, write)
            writer.raw("}")
        }
    }

    /// The answer to a `post` request.
    static func answer(id: UInt64, _ post: SocketRequest.Post, _ reply: Reply) -> [UInt8] {
        data("post") { writer in
            writer.raw(#"{"id":"#)
            writer.integer(id)
            switch (post, reply) {
            case (.info(let request), .json(let bytes)):
                writer.raw(#","response":{"type":"info","payload":{"type":"#)
                writer.string(InfoService.typeName(of: request))
                writer.raw(#","data":"#)
                writer.raw(bytes)
                writer.raw("}}}")
            case (.action, .json(let bytes)):
                writer.raw(#","response":{"type":"action","payload":"#)
                writer.raw(bytes)
                writer.raw("}}")
            case (_, .failed(let status, let text)):
                writer.raw(#","response":{"type":"error","payload":"#)
                writer.string("\(status) \(text)")
                writer.raw("}}")
            }
        }
    }
}
