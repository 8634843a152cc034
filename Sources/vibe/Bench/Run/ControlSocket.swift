import Foundation

/// Publishes fills over one kept-alive connection to the simulated exchange, many requests ahead of their answers (HTTP pipelining):
/// at thousands of fills a second an ordinary client would take a good part of the machine that is to be measured.
///
/// For one thread.
final class ControlSocket {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 65_536)
    /// Requests whose answer has not come.
    private(set) var unanswered = 0

    init(port: Int) throws(Failure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure("no socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else {
            let failure = Self.failure("cannot connect to the simulated exchange")
            close(descriptor)
            throw failure
        }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    static func append(_ body: String, to requests: inout [UInt8]) {
        requests += "POST /control/fills HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(body.utf8.count)\r\n\r\n".utf8
        requests += body.utf8
    }

    /// - Parameter count: how many requests there are in the bytes.
    func send(_ requests: [UInt8], count: Int) throws(Failure) {
        var offset = 0
        while offset < requests.count {
            let written = requests.withUnsafeBytes { write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
            if written > 0 { offset += written } else if errno != EINTR { throw Self.failure("cannot send fills") }
        }
        unanswered += count
    }

    /// Takes the answers that have come.
    /// - Parameter waitingMilliseconds: how long to wait for the first.
    /// - Throws: ``Failure`` when none came in that time, or when one is a refusal.
    func receive(waitingMilliseconds: Int) throws(Failure) {
        if waitingMilliseconds > 0 {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Int32(waitingMilliseconds)) > 0 else {
                throw Failure(.unavailable, "the simulated exchange took no fill for \(waitingMilliseconds / 1_000) s")
            }
        }
        while true {
            let count = chunk.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
            if count > 0 {
                buffer += chunk[..<count]
            } else if count == 0 {
                throw Failure(.unavailable, "the simulated exchange closed the connection")
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                throw Self.failure("cannot read answers")
            }
        }
        try takeAnswers()
    }

    private func takeAnswers() throws(Failure) {
        var rest = buffer[...]
        while let head = Head(rest), rest.count >= head.length + head.bodyLength {
            let body = rest.dropFirst(head.length).prefix(head.bodyLength)
            guard head.status == 200 else {
                throw Failure(.unavailable, "the simulated exchange refused a fill (\(head.status)): \(String(decoding: body, as: UTF8.self))")
            }
            rest = rest.dropFirst(head.length + head.bodyLength)
            unanswered -= 1
        }
        buffer = Array(rest)
    }

    private static func failure(_ text: String) -> Failure { Failure(.unavailable, "\(text): \(String(cString: strerror(errno)))") }
}

/// The head of an answer.
private struct Head {
    let status: Int
    /// Bytes, the empty line included.
    let length: Int
    let bodyLength: Int

    /// `nil` while it is incomplete.
    init?(_ bytes: ArraySlice<UInt8>) {
        var end = bytes.startIndex
        // the empty line: the simulator writes no bare line feeds
        while true {
            guard let found = bytes[end...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            end = found + 1
            if bytes[..<end].suffix(4).elementsEqual("\r\n\r\n".utf8) { break }
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, let status = Int(first.dropFirst(9).prefix(3)) else { return nil }
        let mark = "content-length: "
        let declared = lines.first { $0.lowercased().hasPrefix(mark) }.flatMap { Int($0.dropFirst(mark.count)) }
        self.status = status
        length = end - bytes.startIndex
        bodyLength = declared ?? 0
    }
}
