import JSON

/// A text frame from a WebSocket client.
enum SocketRequest {
    case ping
    case subscribe(JSON)
    case unsubscribe(JSON)
    case post(id: UInt64, Post)

    enum Post {
        case info(JSON)
        case action(JSON)
    }

    /// - Throws: for what the exchange answers with `Error parsing JSON into valid websocket request`.
    init(json: JSON) throws(JSONError) {
        switch try json.string("method") {
        case "ping": self = .ping
        case "subscribe": self = .subscribe(try json.field("subscription"))
        case "unsubscribe": self = .unsubscribe(try json.field("subscription"))
        case "post":
            guard let id = UInt64(try json.field("id").asNumberText()) else { throw JSONError(path: "id", problem: "expected a whole number") }
            let request = try json.field("request")
            let payload = try request.field("payload")
            switch try request.string("type") {
            case "info": self = .post(id: id, .info(payload))
            case "action": self = .post(id: id, .action(payload))
            case let type: throw JSONError(path: "request.type", problem: "\(type) is unknown")
            }
        case let method: throw JSONError(path: "method", problem: "\(method) is unknown")
        }
    }
}
