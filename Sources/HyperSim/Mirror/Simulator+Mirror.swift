import CopyTrading
import JSON
import NIOCore

/// What the simulator does with what a mirrored exchange tells, and what it asks there.
extension Simulator {
    /// Whether only the mirrored exchange can answer: it is about an address that has no account here, nor is an agent.
    func isForeign(_ user: String) -> Bool { mirror != nil && engine.account(user) == nil && engine.signer(user) == nil }

    /// The address an information request is about, when it is one of the mirrored exchange's.
    func foreignUser(of request: JSON) -> String? {
        guard mirror != nil, case .string(let text)? = request["user"], let user = Address(text)?.text, isForeign(user) else { return nil }
        return user
    }

    func askMirror(_ request: JSON, _ done: @escaping (Reply) -> Void) {
        guard let mirror else { preconditionFailure("only a mirror is asked") }
        let answer = loop.makePromise(of: Reply.self)
        answer.futureResult.assumeIsolated().whenComplete { result in
            if case .success(let reply) = result { done(reply) } else { done(.unavailable) }
        }
        mirror.ask(request, answer)
    }

    /// Follows there the users whose fills somebody here subscribes to.
    func followForeignUsers() {
        let users = hub.active.filter { $0.channel == .userFills }.compactMap(\.user).filter(isForeign)
        mirror?.follow(Set(users))
    }

    /// The fills a foreign user has had so far, to a new subscriber.
    func sendForeignSnapshot(_ subscription: Subscription, to connection: WebSocketConnection) {
        guard let user = subscription.user else { return }
        askMirror(["type": "userFills", "user": .string(user)]) { [weak connection] reply in
            guard case .json(let fills) = reply, let connection else { return }
            connection.send(
                ByteBuffer(
                    bytes: SocketMessage.data("userFills", capacity: fills.count + 128) { writer in
                        writer.raw(#"{"isSnapshot":true,"user":"#)
                        writer.plain(user)
                        writer.raw(#","fills":"#)
                        writer.raw(fills)
                        writer.raw("}")
                    }))
        }
    }

    func take(_ event: MirrorEvent) {
        switch event {
        case .book(let change): mirrored(.book(change))
        case .prices(let change): mirrored(.prices(change))
        case .trades(let trades):
            for (trade, time) in trades where isNew(trade, time) { mirrored(.publicTrade(trade)) }
        case .userFills(let user, let frame):
            let frame = ByteBuffer(bytes: frame)
            for connection in hub.listeners(to: Subscription(.userFills, user: user)) { connection.send(frame) }
        }
    }

    /// A subscription begins with trades of before, and so does every new connection.
    private func isNew(_ trade: PublicTrade, _ time: Int64) -> Bool {
        guard time >= mirrorStartedAt, let tid = trade.tid else { return false }
        guard !mirroredTrades.contains(tid) else { return false }
        mirroredTrades.insert(tid)
        return true
    }

    private func mirrored(_ input: EngineInput) {
        do throws(HyperSimError) { try apply(input) } catch {
            logger.warning("what the mirrored exchange tells does not fit", metadata: ["error": "\(error)"])
        }
    }
}
