import NIOCore

/// One answer to one HTTP request.
struct HTTPResponse {
    var status: Status
    var contentType: StaticString
    var body: [UInt8]

    enum Status: Int {
        case ok = 200
        case badRequest = 400
        case notFound = 404
        case methodNotAllowed = 405
        case contentTooLarge = 413
        case unprocessable = 422
        case tooManyRequests = 429
        case badGateway = 502

        var line: StaticString {
            switch self {
            case .ok: "HTTP/1.1 200 OK\r\n"
            case .badRequest: "HTTP/1.1 400 Bad Request\r\n"
            case .notFound: "HTTP/1.1 404 Not Found\r\n"
            case .methodNotAllowed: "HTTP/1.1 405 Method Not Allowed\r\n"
            case .contentTooLarge: "HTTP/1.1 413 Content Too Large\r\n"
            case .unprocessable: "HTTP/1.1 422 Unprocessable Entity\r\n"
            case .tooManyRequests: "HTTP/1.1 429 Too Many Requests\r\n"
            case .badGateway: "HTTP/1.1 502 Bad Gateway\r\n"
            }
        }
    }

    static func json(_ body: [UInt8]) -> HTTPResponse { HTTPResponse(status: .ok, contentType: "application/json", body: body) }

    static func text(_ status: Status, _ body: String) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: Array(body.utf8))
    }

    init(status: Status, contentType: StaticString, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    init(_ reply: Reply) {
        switch reply {
        case .json(let bytes): self = .json(bytes)
        case .failed(let code, let body):
            guard let status = Status(rawValue: code) else { preconditionFailure("no reply has the status \(code)") }
            let contentType: StaticString =
                switch status {
                case .tooManyRequests: "application/json"
                case .badGateway: "text/html"
                default: "text/plain; charset=utf-8"
                }
            self.init(status: status, contentType: contentType, body: Array(body.utf8))
        }
    }

    /// Writes the head and, unless the request was a HEAD, the body.
    func write(to buffer: inout ByteBuffer, closes: Bool, withoutBody: Bool) {
        Self.writeHead(status, contentType, length: body.count, closes: closes, to: &buffer)
        if !withoutBody { buffer.writeBytes(body) }
    }

    /// - Parameter length: of the body that follows.
    static func writeHead(_ status: Status, _ contentType: StaticString, length: Int, closes: Bool, to buffer: inout ByteBuffer) {
        buffer.writeStaticString(status.line)
        buffer.writeStaticString("content-type: ")
        buffer.writeStaticString(contentType)
        buffer.writeStaticString("\r\naccess-control-allow-origin: *\r\n")
        if closes { buffer.writeStaticString("connection: close\r\n") }
        buffer.writeStaticString("content-length: ")
        buffer.writeString(String(length))
        buffer.writeStaticString("\r\n\r\n")
    }
}
