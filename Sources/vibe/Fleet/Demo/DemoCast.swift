import CopyTrading
import Cryptography
import HyperSim

/// Who takes part in a demo: the recorded leaders, and subscribers with accounts, agents and settings that differ.
///
/// Everything follows from the seed: the same seed gives the same people, keys and settings on any machine.
struct DemoCast: Sendable {
    struct Leader: Sendable {
        let name: String
        var address: String { LeaderAddress.of(name) }
    }

    struct Person: Sendable {
        /// `sub-001`.
        let name: String
        let account: String
        let agentAddress: String
        /// 64 hexadecimal digits.
        let agentKey: String
        /// Deposited at the exchange, USDC.
        let balance: Int
        let copies: [DemoCopy]
    }

    /// One in this many subscribers follows two leaders.
    static let secondLeaderEvery = 10

    let leaders: [Leader]
    let people: [Person]

    /// - Parameters:
    ///   - seed: any text; what the keys are derived from.
    ///   - subscribers: at least one for each leader.
    init(seed: String, leaders names: [String], subscribers: Int) throws(CryptographyError) {
        leaders = names.map(Leader.init)
        var people: [Person] = []
        for index in 0..<subscribers {
            let key = Self.key(seed, "agent", index)
            var followed = [names[index % names.count]]
            if index % Self.secondLeaderEvery == 0, names.count > 1 {
                // not always the neighbour: the step changes from one who follows two to the next
                let step = 1 + index / Self.secondLeaderEvery % (names.count - 1)
                followed.append(names[(index + step) % names.count])
            }
            people.append(
                Person(
                    name: Self.name(index),
                    account: try SigningKey(bytes: Self.key(seed, "account", index)).address,
                    agentAddress: try SigningKey(bytes: key).address, agentKey: Hexadecimal.text(key), balance: 5_000 + index * 37 % 20 * 2_500,
                    copies: followed.enumerated().map { DemoCopy(person: index, number: $0.offset, leader: $0.element) }))
        }
        self.people = people
    }

    var followersOfEach: [String: Int] {
        Dictionary(people.flatMap { $0.copies.map { ($0.leader, 1) } }, uniquingKeysWith: +)
    }

    private static func name(_ index: Int) -> String {
        let number = "\(index + 1)"
        return "sub-" + String(repeating: "0", count: max(0, 3 - number.count)) + number
    }

    private static func key(_ seed: String, _ purpose: String, _ index: Int) -> [UInt8] {
        SHA256.hash(Array("vibe demo/\(seed)/\(purpose)/\(index)".utf8))
    }
}

/// The settings of one subscription of the cast.
struct DemoCopy: Sendable {
    enum Sizing: Sendable {
        case fixedNotional(Int)
        case ratio(String)
        case equityProportional(allocation: Int, multiplier: String)
    }

    enum Filter: Sendable {
        case none
        case deny([String])
        case allow([String])
    }

    let leader: String
    let sizing: Sizing
    let state: Subscription.State
    let inverse: Bool
    let filter: Filter
    /// USDC; `nil` is unlimited.
    let maximumOrder: Int?
    let maximumPosition: Int?
    let slippageBasisPoints: Int
    let expiryMilliseconds: Int

    /// - Parameters:
    ///   - person: number of the subscriber, from 0.
    ///   - number: 0 for the first leader a subscriber follows, 1 for the second.
    init(person: Int, number: Int, leader: String) {
        let turn = person / 6 + number
        self.leader = leader
        sizing =
            switch turn % 4 {
            case 0: .fixedNotional([25, 50, 100, 250, 500][turn % 5])
            case 1: .ratio(["0.05", "0.1", "0.25"][turn % 3])
            case 2: .equityProportional(allocation: [5_000, 10_000, 20_000][turn % 3], multiplier: "1")
            default: .equityProportional(allocation: 10_000, multiplier: ["0.5", "2"][turn % 2])
            }
        state = person % 40 == 17 ? .paused : person % 40 == 31 ? .windDown : .active
        inverse = person % 29 == 11
        filter =
            switch person % 23 {
            case 5: .deny(["kBONK", "xyz:CL", "CASHCAT"])
            case 14: .allow(["BTC", "HYPE", "PUMP", "LTC", "UNI", "xyz:CXMT", "KAITO"])
            default: .none
            }
        maximumOrder = turn % 3 == 0 ? 1_000 : nil
        maximumPosition = turn % 2 == 0 ? 5_000 : nil
        slippageBasisPoints = [50, 50, 100, 25][turn % 4]
        expiryMilliseconds = [5_000, 10_000, 5_000, 3_000][turn % 4]
    }
}
