import JSON

/// A request for data or a signed action, over HTTP or as the WebSocket's `post`.
enum ClientRequest {
    case info(JSON)
    case exchange(JSON)

    /// By which faults find it.
    var path: String {
        switch self {
        case .info: "/info"
        case .exchange: "/exchange"
        }
    }

    /// Orders, cancels or modifications of one action weigh 1 more for every so many.
    private static let itemsPerWeight = 40

    /// Against the limit of its sender's address.
    var weight: Int {
        switch self {
        case .info(let json): return InfoService.weight(of: json)
        case .exchange(let json):
            let action = json["action"]
            for name in ["orders", "cancels", "modifies"] {
                if case .array(let items)? = action?[name] { return 1 + items.count / Self.itemsPerWeight }
            }
            return 1
        }
    }
}

/// What a request's connection has to do.
struct Treatment {
    enum End {
        case reply(Reply)
        /// The connection is closed, or reset, without an answer.
        case cut(resets: Bool)
    }

    var end: End
    /// Microseconds the answer is held back.
    var delay: Int64 = 0
    /// For so long the connection neither reads nor writes, the answer included.
    var muteMilliseconds: Int?
}

extension Simulator {
    /// Weighs a request, carries it out, and does to it what the fault plan says.
    /// - Parameter done: called once, before this returns unless the answer comes from elsewhere.
    func serve(_ request: ClientRequest, from use: ClientUse, _ done: @escaping (Treatment) -> Void) {
        let happening = faults.draw(.request, path: request.path)
        if happening.contains(.reset) { return done(Treatment(end: .cut(resets: true))) }
        if happening.contains(.dropRequest) { return done(Treatment(end: .cut(resets: false))) }
        if happening.contains(.rate5xx) { return done(Treatment(end: .reply(.unavailable))) }
        guard !happening.contains(.rate429), use.take(weight: request.weight, now: now()) else {
            return done(Treatment(end: .reply(.limited)))
        }
        var delay = request.isAction ? sample(configuration.acknowledgementDelay) : 0
        var mute: Int?
        for fault in happening {
            if case .latency(let model) = fault { delay += sample(model) }
            if case .halfOpen(let milliseconds) = fault { mute = milliseconds }
        }
        let isDropped = happening.contains(.dropReply)
        carryOut(request, from: use) { reply in
            done(Treatment(end: isDropped ? .cut(resets: false) : .reply(reply), delay: delay, muteMilliseconds: mute))
        }
    }

    private func carryOut(_ request: ClientRequest, from use: ClientUse, _ done: @escaping (Reply) -> Void) {
        switch request {
        case .exchange(let json): done(answerExchange(json))
        case .info(let json) where foreignUser(of: json) != nil: askMirror(json, done)
        case .info(let json):
            let (reply, weight) = answerInfo(json)
            use.charge(weight: weight, now: now())
            done(reply)
        }
    }

    private func sample(_ model: LatencyModel) -> Int64 { model.sample { faults.plan.random() } }
}

extension ClientRequest {
    fileprivate var isAction: Bool {
        switch self {
        case .info: false
        case .exchange: true
        }
    }
}
