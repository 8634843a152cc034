import JSON

/// What a client gets back for a request: JSON, or an HTTP error.
enum Reply: Equatable {
    case json([UInt8])
    /// An HTTP status and its body; the WebSocket's `post` puts them in one text.
    case failed(status: Int, String)

    /// The refusal of a body that did not decode.
    static let undecodable = Reply.failed(status: 422, "Failed to deserialize the JSON body into the target type")
    /// The limit of its sender's address is used up.
    static let limited = Reply.failed(status: 429, "null")
    /// What stands in front of the exchange while it is upgraded.
    static let unavailable = Reply.failed(
        status: 502,
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n")
}

/// Writes the answers of POST /exchange.
enum ExchangeReply {
    static func of(_ result: ActionResult) -> Reply {
        switch result {
        case .orders(let answers): orders(answers)
        case .cancels(let errors): cancels(errors)
        case .done: done
        case .data(let type, let data): self.data(type, data)
        case .refused(let text): refused(text)
        }
    }

    /// `{"status":"err","response":text}`: the action as a whole is refused.
    static func refused(_ text: String) -> Reply {
        var writer = WireWriter()
        writer.raw(#"{"status":"err","response":"#)
        writer.string(text)
        writer.raw("}")
        return .json(writer.bytes)
    }

    /// Of noop and updateLeverage.
    static let done: Reply = .json(Array(#"{"status":"ok","response":{"type":"default"}}"#.utf8))

    static func data(_ type: String, _ data: JSON) -> Reply {
        var writer = WireWriter()
        writer.raw(#"{"status":"ok","response":{"type":"#)
        writer.string(type)
        writer.raw(#","data":"#)
        writer.json(data)
        writer.raw("}}")
        return .json(writer.bytes)
    }

    static func orders(_ answers: [OrderAnswer]) -> Reply {
        var writer = WireWriter(capacity: 96 + answers.count * 128)
        writer.raw(#"{"status":"ok","response":{"type":"order","data":{"statuses":"#)
        writer.array(answers) { writer, answer in write(answer, to: &writer) }
        writer.raw("}}}")
        return .json(writer.bytes)
    }

    /// - Parameter errors: per cancel, `nil` for success.
    static func cancels(_ errors: [String?]) -> Reply {
        var writer = WireWriter()
        writer.raw(#"{"status":"ok","response":{"type":"cancel","data":{"statuses":"#)
        writer.array(errors) { writer, error in
            guard let error else { return writer.raw(#""success""#) }
            writer.raw(#"{"error":"#)
            writer.string(error)
            writer.raw("}")
        }
        writer.raw("}}}")
        return .json(writer.bytes)
    }

    private static func write(_ answer: OrderAnswer, to writer: inout WireWriter) {
        switch answer {
        case .filled(let totalSize, let averagePrice, let oid, let cloid):
            writer.raw(#"{"filled":{"totalSz":"#)
            writer.decimal(totalSize)
            writer.raw(#","avgPx":"#)
            writer.decimal(averagePrice)
            writer.raw(#","oid":"#)
            writer.integer(oid)
            write(cloid, to: &writer)
            writer.raw("}}")
        case .resting(let oid, let cloid):
            writer.raw(#"{"resting":{"oid":"#)
            writer.integer(oid)
            write(cloid, to: &writer)
            writer.raw("}}")
        case .waitingForTrigger: writer.raw(#""waitingForTrigger""#)
        case .waitingForFill: writer.raw(#""waitingForFill""#)
        case .error(let text):
            writer.raw(#"{"error":"#)
            writer.string(text)
            writer.raw("}")
        }
    }

    private static func write(_ cloid: String?, to writer: inout WireWriter) {
        guard let cloid else { return }
        writer.raw(#","cloid":"#)
        writer.plain(cloid)
    }
}
