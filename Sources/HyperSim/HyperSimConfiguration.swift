import CopyTrading
import Hyperliquid

/// Everything the simulated exchange is started with.
public struct HyperSimConfiguration: Sendable {
    /// Where to listen; port 0 takes a free one.
    public var host = "127.0.0.1"
    public var port = 0
    /// Whose signatures are accepted.
    public var network: Network = .testnet

    /// Directory of the ledger; made when missing, continued when it has one.
    public var ledgerDirectory: String
    /// fsync before the answers of each turn: what was answered then survives the machine, not only the process.
    public var ledgerSync = true

    /// Recorded leaders' fills: the leaders, the coins and what is replayed. See ``LeaderAddress`` for the addresses.
    public var fillsFile: String?
    /// Recorded order books the markets start with; see ``RecordedBooks``.
    public var booksFile: String?
    /// `{"accounts":[{"account","agent","balance"}]}`.
    public var accountsFile: String?
    public var syntheticCoins: [SyntheticCoin] = []
    /// Another exchange whose markets are shown here, such as `https://api.hyperliquid.xyz`; see ``HyperSimServer/runMirror()``.
    public var mirror: String?
    /// Which of its coins; without any, all of them.
    public var mirrorCoins: [String] = []
    /// Addresses that may publish fills through the control endpoint, beside the leaders of the fills file.
    public var syntheticLeaders: [String] = []
    /// Equity of every leader, over all its dexes together.
    public var leaderAccountValue = Notional(200_000)

    /// Distance of the best bid and ask from the mid.
    public var halfSpreadBasisPoints = 2
    /// Distance between levels; never less than a tick.
    public var levelSpacingBasisPoints = 2
    /// Levels a side.
    public var levelCount = 20
    /// USDC per level, times a factor of 0.5 to 1.5 that ``seed`` decides.
    public var levelDepth = Notional(20_000)
    /// What takers took comes back after this long, or when the mid moves. 0: at once.
    public var bookRefillMilliseconds = 200
    public var seed: UInt64 = 1

    /// 450 is 4.5 basis points.
    public var takerFeeMillionths = 450
    public var makerFeeMillionths = 150
    /// Requests an account may send before it has traded; each USDC traded adds one.
    public var initialRequests = 10_000

    /// Acknowledgement delay of POST /exchange and of `post` actions, after execution: fixed, plus up to the jitter, evenly spread.
    public var latencyMilliseconds = 0
    public var latencyJitterMilliseconds = 0

    /// Counted per client address.
    public var limits = ClientLimits.local
    /// Faults from the start on, such as `rate429:every=100,path=/info`; see ``FaultRule``.
    public var faults: [String] = []
    /// A socket to which nothing was sent for this long is closed.
    public var idleCloseSeconds = 60
    /// Whether a socket is first sent the plain text `Websocket connection established.`
    public var sendsGreeting = true

    /// The replay sends at most so many fills per interval, but whole messages.
    public var replayBurstFills = 20
    public var replayBurstMilliseconds = 10

    /// Fills and orders kept in memory per follower; the ledger has all of them.
    public var followerHistoryLimit = 2_000
    /// Fills kept in memory per leader.
    public var leaderHistoryLimit = 10_000
    /// Larger request bodies are refused with 413.
    public var maximumBodyBytes = 1 << 20

    public init(ledgerDirectory: String) { self.ledgerDirectory = ledgerDirectory }
}

/// A coin that is in no recording.
public struct SyntheticCoin: Sendable, Equatable {
    /// `dex:NAME` lists it on a builder dex.
    public var name: String
    public var price: Price
    /// 0…6.
    public var sizeDecimals: Int
    public var maximumLeverage: Int
    /// `nil` for the same leverage at every size.
    public var marginTable: MarginTable?
    public var marginMode = MarginMode.any

    public init(name: String, price: Price, sizeDecimals: Int, maximumLeverage: Int = 20) {
        self.name = name
        self.price = price
        self.sizeDecimals = sizeDecimals
        self.maximumLeverage = maximumLeverage
    }
}

extension HyperSimConfiguration {
    /// - Throws: the first setting that is out of its range.
    func validate() throws(HyperSimError) {
        let ranges: [(name: String, value: Int, range: ClosedRange<Int>)] = [
            ("port", port, 0...65_535), ("halfSpreadBasisPoints", halfSpreadBasisPoints, 0...1_000),
            ("levelSpacingBasisPoints", levelSpacingBasisPoints, 0...1_000), ("levelCount", levelCount, 1...200),
            ("bookRefillMilliseconds", bookRefillMilliseconds, 0...3_600_000), ("takerFeeMillionths", takerFeeMillionths, 0...10_000),
            ("makerFeeMillionths", makerFeeMillionths, 0...10_000), ("initialRequests", initialRequests, 0...1_000_000_000),
            ("latencyMilliseconds", latencyMilliseconds, 0...600_000),
            ("latencyJitterMilliseconds", latencyJitterMilliseconds, 0...600_000), ("idleCloseSeconds", idleCloseSeconds, 1...86_400),
            ("replayBurstFills", replayBurstFills, 1...100_000), ("replayBurstMilliseconds", replayBurstMilliseconds, 1...60_000),
            ("followerHistoryLimit", followerHistoryLimit, 1...1_000_000), ("leaderHistoryLimit", leaderHistoryLimit, 1...1_000_000),
            ("maximumBodyBytes", maximumBodyBytes, 1_024...(64 << 20)),
        ]
        for setting in ranges where !setting.range.contains(setting.value) {
            throw .configuration("\(setting.name): \(setting.value), expected \(setting.range.lowerBound) to \(setting.range.upperBound)")
        }
        try limits.validate()
        guard levelDepth.e8 > 0 else { throw .configuration("levelDepth: \(levelDepth), expected more than 0") }
        guard leaderAccountValue.e8 >= 0, leaderAccountValue <= AccountEntry.maximumBalance else {
            throw .configuration("leaderAccountValue: \(leaderAccountValue), expected 0 to \(AccountEntry.maximumBalance)")
        }
        for address in syntheticLeaders where Address(address) == nil { throw .configuration("syntheticLeaders: \(address) is no address") }
    }

    var acknowledgementDelay: LatencyModel { LatencyModel(fixed: latencyMilliseconds, jitter: latencyJitterMilliseconds) }

    var bookShape: BookShape {
        BookShape(
            halfSpreadBasisPoints: halfSpreadBasisPoints, levelSpacingBasisPoints: levelSpacingBasisPoints, levelCount: levelCount,
            levelDepth: levelDepth, refillMilliseconds: Int64(bookRefillMilliseconds), seed: seed)
    }

    var engineParameters: EngineParameters {
        EngineParameters(
            takerFeeMillionths: takerFeeMillionths, makerFeeMillionths: makerFeeMillionths, initialRequests: initialRequests,
            followerHistoryLimit: followerHistoryLimit, leaderHistoryLimit: leaderHistoryLimit, leaderEquity: leaderAccountValue, seed: seed)
    }
}
