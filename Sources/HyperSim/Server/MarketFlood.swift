import CopyTrading
import JSON
import NIOCore

/// Market messages of a busy day for load tests: trades of strangers, best offers and books of every coin, at a fixed rate, to every socket
/// that follows the trades of any coin. They are for counting and sifting: they change no book, no price and no account.
final class MarketFlood {
    struct Order {
        var framesPerSecond: Int
        var seconds: Int

        init(json: JSON) throws(JSONError) {
            framesPerSecond = try Self.whole(json, "framesPerSecond", 1...1_000_000)
            seconds = try Self.whole(json, "seconds", 1...3_600)
        }

        private static func whole(_ json: JSON, _ name: String, _ range: ClosedRange<Int64>) throws(JSONError) -> Int {
            let value = try json.integer(name)
            guard range.contains(value) else {
                throw JSONError(path: name, problem: "\(value), expected \(range.lowerBound) to \(range.upperBound)")
            }
            return Int(value)
        }
    }

    /// Frames made once and sent over and over: strangers' trades are told apart by nobody.
    private static let poolSize = 4_096
    private static let period = TimeAmount.milliseconds(5)
    /// Of a hundred frames so many are trades, the rest best offers and books.
    private static let tradeShare = 70
    private static let offerShare = 25

    private(set) var sent = 0
    private let loop: any EventLoop
    private var task: RepeatedTask?

    init(loop: any EventLoop) { self.loop = loop }

    func stop() {
        task?.cancel()
        task = nil
    }

    /// Replaces a flood that is under way.
    func start(_ order: Order, on simulator: Simulator) {
        stop()
        let frames = pool(simulator)
        let start = NIODeadline.now()
        let total = order.framesPerSecond * order.seconds
        let flood = NIOLoopBound(self, eventLoop: loop)
        let target = NIOLoopBound(simulator, eventLoop: loop)
        let box = NIOLoopBoundBox(0, eventLoop: loop)
        task = loop.scheduleRepeatedTask(initialDelay: Self.period, delay: Self.period) { task in
            let elapsed = (NIODeadline.now() - start).nanoseconds
            let due = min(total, Int(Int128(elapsed) * Int128(order.framesPerSecond) / 1_000_000_000))
            let sockets = target.value.sockets.values.filter { socket in socket.subscriptions.contains(where: Self.isMarketWide) }
            for number in box.value..<due {
                for socket in sockets { socket.send(frames[number % frames.count]) }
            }
            flood.value.sent += (due - box.value) * sockets.count
            box.value = due
            if due == total { task.cancel() }
        }
    }

    private static func isMarketWide(_ subscription: Subscription) -> Bool { subscription.channel == .trades }

    private func pool(_ simulator: Simulator) -> [ByteBuffer] {
        let markets = simulator.engine.universe.markets
        let now = simulator.now()
        return (0..<Self.poolSize).map { number in
            let market = markets[number % markets.count]
            let noise = Mixer.hash(simulator.configuration.seed, UInt64(number), 1, 1)
            switch Int(noise % 100) {
            case ..<Self.tradeShare:
                return ByteBuffer(
                    bytes: SocketMessage.data("trades") { writer in
                        writer.array(trades(market, noise, now: now)) { writer, trade in market.write(trade, to: &writer) }
                    })
            case ..<(Self.tradeShare + Self.offerShare):
                return ByteBuffer(bytes: SocketMessage.data("bbo") { market.writeBestOffers(now: now, to: &$0) })
            default: return ByteBuffer(bytes: SocketMessage.data("l2Book") { market.writeBook(BookAggregation(), fast: true, now: now, to: &$0) })
            }
        }
    }

    /// One to four trades of one taker, as an order that sweeps the book makes them.
    private func trades(_ market: Market, _ noise: UInt64, now: Int64) -> [Trade] {
        let count = 1 + Int(noise >> 32) % 4
        let side: Side = noise & 1 == 0 ? .buy : .sell
        let taker = Self.stranger(noise)
        let hash = TradeHash.of(Array("\(noise)".utf8))
        return (0..<count).map { index in
            let maker = Self.stranger(noise &+ UInt64(index) &+ 1)
            return Trade(
                side: side, price: market.mid, size: Size(e8: market.grid.lotE8 * Int64(1 + index)), time: now, hash: hash,
                tid: Int64(noise >> 14) + Int64(index), buyer: side == .buy ? taker : maker, seller: side == .sell ? taker : maker)
        }
    }

    /// An address that is nobody's.
    private static func stranger(_ number: UInt64) -> String { "0x" + TradeHash.of(Array("stranger \(number)".utf8)).suffix(40) }
}
