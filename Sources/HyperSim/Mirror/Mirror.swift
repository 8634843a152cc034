import CopyTrading
import Hyperliquid
import JSON
import Logging
import NIOCore

/// Another exchange, the real one or a simulator, whose markets this simulator shows: its books and trades become inputs of the engine,
/// so that orders here fill at its prices, and what is asked about accounts that only it has is asked there.
///
/// What it owes: ``run(_:)`` follows the other exchange until it is cancelled, through lost connections; a request is answered once,
/// at the latest when the other exchange's answer is overdue.
final class Mirror: Sendable {
    /// Requests passed on that have no answer yet; more of them are refused as over the limit.
    static let maximumRequests = 64
    static let timeout: Duration = .seconds(10)

    private enum Errand: Sendable {
        case ask(JSON, EventLoopPromise<Reply>)
        case follow(Set<String>)
    }

    private let endpoint: ExchangeEndpoint
    private let feed: ExchangeFeed
    private let markets: Set<FeedSubscription>
    private let errands: AsyncStream<Errand>
    private let errand: AsyncStream<Errand>.Continuation
    private let logger: Logger

    /// - Parameter coins: what is followed: for each its book, its trades, and its mark and oracle prices.
    init(_ endpoint: ExchangeEndpoint, coins: [String], logger: Logger) {
        self.endpoint = endpoint
        feed = ExchangeFeed(endpoint: endpoint, budget: ConnectionBudget(), logger: logger)
        markets = Set(coins.flatMap { [.l2Book(coin: $0, fast: true), .trades(coin: $0), .activeAssetCtx(coin: $0)] as [FeedSubscription] })
        (errands, errand) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.maximumRequests))
        self.logger = logger
    }

    // MARK: From the event loop

    /// Asks the other exchange.
    func ask(_ request: JSON, _ answer: EventLoopPromise<Reply>) {
        guard case .enqueued = errand.yield(.ask(request, answer)) else { return answer.succeed(.limited) }
    }

    /// Follows the fills of exactly these users from now on.
    func follow(_ users: Set<String>) { errand.yield(.follow(users)) }

    // MARK: The other exchange

    /// - Parameter deliver: takes what the other exchange tells, in its order.
    func run(_ deliver: @escaping @Sendable (MirrorEvent) async -> Void) async throws {
        let client = ExchangeClient(endpoint: endpoint, timeout: Self.timeout, maximumConnections: Self.maximumRequests)
        await feed.want(markets)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.feed.run { event in await self.receive(event, deliver) } }
                group.addTask { await self.runErrands(client) }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    private func runErrands(_ client: ExchangeClient) async {
        await withDiscardingTaskGroup { group in
            for await errand in errands {
                switch errand {
                case .ask(let request, let answer): group.addTask { answer.succeed(await self.reply(to: request, client)) }
                case .follow(let users): await feed.want(markets.union(users.map { .userFills(user: $0) }))
                }
            }
        }
    }

    private func reply(to request: JSON, _ client: ExchangeClient) async -> Reply {
        do throws(ExchangeError) { return .json(try await client.info(request).bytes()) } catch {
            switch error {
            case .rateLimited: return .limited
            case .malformed: return .undecodable
            case .notSent, .unknown:
                logger.warning("the mirrored exchange does not answer", metadata: ["error": "\(error)"])
                return .unavailable
            }
        }
    }

    private func receive(_ event: FeedEvent, _ deliver: @Sendable (MirrorEvent) async -> Void) async {
        switch event {
        case .message(_, let frame, _):
            let told: MirrorEvent?
            do throws(JSONError) { told = try MirrorEvent(frame: frame) } catch {
                return logger.warning("a frame of the mirrored exchange cannot be read", metadata: ["error": "\(error)"])
            }
            if let told { await deliver(told) }
        case .connected: logger.notice("mirror connected")
        case .refused(_, let refusal): logger.warning("the mirrored exchange refuses a subscription", metadata: ["reason": "\(refusal)"])
        case .problem(let problem): logger.warning("mirror: \(problem)")
        case .subscribed, .unsubscribed, .silent, .disconnected: break
        }
    }
}
