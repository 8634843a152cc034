import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Channel {
    /// Closes at once, without a word.
    /// - Parameter resets: the peer gets a reset (RST) in place of an orderly end (FIN).
    func cut(resets: Bool) {
        // With a linger time of zero close(2) sends a reset.
        if resets, let socket = self as? any SocketOptionProvider {
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in self.close(promise: nil) }
        } else {
            close(promise: nil)
        }
    }

    /// The host by which limits are counted.
    var clientAddress: String { remoteAddress?.ipAddress ?? "local" }
}
