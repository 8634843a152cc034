import Foundation
import Synchronization

/// A server on a Unix socket that answers every command `REPLY` with the same bytes and any other with `+OK`, as fast as they are taken:
/// what a client spends is then the client's own.
///
/// For one client at a time; a thread of its own.
final class ReplyServer: Sendable {
    let path: String
    private let listener: Int32
    private let client = Mutex<Int32?>(nil)
    private let reply: [UInt8]

    init(path: String, reply: [UInt8]) throws(Failure) {
        self.path = path
        self.reply = reply
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw Self.failure("no socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            close(listener)
            throw Failure(.usage, "\(path) is too long for a socket", nextStep: "choose a shorter --directory")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        unlink(path)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard status == 0, listen(listener, 4) == 0 else {
            let failure = Self.failure("cannot listen at \(path)")
            close(listener)
            throw failure
        }
        let thread = Thread { self.serve() }
        thread.name = "replies"
        thread.start()
    }

    /// Ends the thread.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        client.withLock { if let descriptor = $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
        unlink(path)
    }

    private func serve() {
        while true {
            let accepted = accept(listener, nil, nil)
            guard accepted >= 0 else {
                if errno == EINTR { continue }
                break
            }
            client.withLock { $0 = accepted }
            answer(accepted)
            client.withLock { $0 = nil }
            close(accepted)
        }
        close(listener)
    }

    private func answer(_ descriptor: Int32) {
        var commands = CommandCounter()
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            for command in commands.take(chunk[..<count]) {
                guard Self.send(command == "REPLY" ? reply : Array("+OK\r\n".utf8), to: descriptor) else { return }
            }
        }
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL)) }
            if written > 0 { offset += written } else if errno != EINTR { return false }
        }
        return true
    }

    private static func failure(_ text: String) -> Failure { Failure(.unavailable, "\(text): \(String(cString: strerror(errno)))") }
}

/// Finds the commands in a stream of requests (RESP arrays of bulk strings) that comes in pieces.
struct CommandCounter {
    private var buffer: [UInt8] = []

    /// The first word of each command that is complete.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [String] {
        buffer += bytes
        var names: [String] = []
        var at = 0
        while let (name, end) = command(from: at) {
            names.append(name)
            at = end
        }
        buffer.removeFirst(at)
        return names
    }

    private func command(from start: Int) -> (name: String, end: Int)? {
        guard var (count, at) = header(UInt8(ascii: "*"), from: start) else { return nil }
        var name: String?
        while count > 0 {
            guard let (length, body) = header(UInt8(ascii: "$"), from: at), body + length + 2 <= buffer.count else { return nil }
            name = name ?? String(decoding: buffer[body..<body + length], as: UTF8.self)
            at = body + length + 2
            count -= 1
        }
        return (name ?? "", at)
    }

    /// `*3\r\n`: the number, and where what follows begins.
    private func header(_ mark: UInt8, from start: Int) -> (number: Int, end: Int)? {
        guard start < buffer.count, buffer[start] == mark, let feed = buffer[start...].firstIndex(of: UInt8(ascii: "\n")), feed > start + 1
        else { return nil }
        return Int(String(decoding: buffer[start + 1..<feed - 1], as: UTF8.self)).map { ($0, feed + 1) }
    }
}
