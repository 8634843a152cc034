import Cryptography
import HyperSim

/// Who takes part in a demo: the recorded leaders, and subscribers with accounts and agents, each of an archetype.
///
/// Everything follows from the seed: the same seed gives the same people, keys and settings on any machine.
struct DemoCast: Sendable {
    struct Leader: Sendable {
        let name: String
        var address: String { LeaderAddress.of(name) }
    }

    /// One subscription.
    struct Copy: Sendable {
        let leader: String
        /// Members of the subscription's mapping in a configuration file but `subscriber` and `influencer`.
        let settings: String
    }

    struct Person: Sendable {
        /// `sub-001`.
        let name: String
        let archetype: DemoArchetype
        let account: String
        let agentAddress: String
        /// 64 hexadecimal digits.
        let agentKey: String
        /// Members of the subscriber's mapping in a configuration file but `id` and `account`.
        let settings: String
        let copies: [Copy]
    }

    let leaders: [Leader]
    let people: [Person]

    /// - Parameters:
    ///   - seed: any text; what the keys are derived from.
    ///   - subscribers: at least one for each leader.
    init(seed: String, leaders names: [String], subscribers: Int) throws(CryptographyError) {
        leaders = names.map(Leader.init)
        var people: [Person] = []
        var alike: [String: Int] = [:]
        for index in 0..<subscribers {
            let archetype = DemoArchetype.round[index % DemoArchetype.round.count]
            let turn = alike[archetype.name, default: 0]
            alike[archetype.name] = turn + 1
            let key = Self.key(seed, "agent", index)
            people.append(
                Person(
                    name: Self.name(index), archetype: archetype, account: try SigningKey(bytes: Self.key(seed, "account", index)).address,
                    agentAddress: try SigningKey(bytes: key).address, agentKey: Hexadecimal.text(key), settings: archetype.account(turn),
                    copies: (0..<min(archetype.leaders, names.count)).map { number in
                        Copy(leader: names[(index + number) % names.count], settings: archetype.copy(turn + number))
                    }))
        }
        self.people = people
    }

    /// Those that occur, in the order of the table.
    var archetypes: [DemoArchetype] {
        let names = Set(people.map(\.archetype.name))
        return DemoArchetype.table.filter { names.contains($0.name) }
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
