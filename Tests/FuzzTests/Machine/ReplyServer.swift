import Foundation
import Logging

/// A server for one connection: greets as Redis does, answers the first command with given bytes and closes.
final class ReplyServer: Sendable {
    let port: UInt16
    var url: String { "redis://127.0.0.1:\(port)" }

    /// - Parameter pause: microseconds between two bytes of the reply.
    init(replies: [UInt8], pause: UInt32 = 0) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, address, &length) == 0
            }
        }
        guard isBound else { throw Fuzz.Broken("no port: \(String(cString: strerror(errno)))") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { Self.serve(listener, replies, pause) }
    }

    private static func serve(_ listener: Int32, _ replies: [UInt8], _ pause: UInt32) {
        defer { close(listener) }
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        defer { close(client) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // its name, then the command
        guard receive(client), send(client, Array("+OK\r\n".utf8)), receive(client) else { return }
        if pause == 0 {
            _ = send(client, replies)
        } else {
            for byte in replies {
                guard send(client, [byte]) else { return }
                usleep(pause)
            }
        }
    }

    private static func receive(_ client: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        return recv(client, &buffer, buffer.count, 0) > 0
    }

    private static func send(_ client: Int32, _ bytes: [UInt8]) -> Bool {
        Glibc.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}

struct SilentLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .critical
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {}
}
