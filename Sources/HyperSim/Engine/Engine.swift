import CopyTrading

/// Rules and rates of the simulated exchange.
struct EngineParameters {
    var takerFeeMillionths: Int
    var makerFeeMillionths: Int
    /// Requests an account may send before it has traded.
    var initialRequests = 10_000
    /// Fills and orders kept per follower.
    var followerHistoryLimit: Int
    /// Fills kept per leader.
    var leaderHistoryLimit: Int
    /// Of leaders that are made known at run time.
    var leaderEquity = Notional(200_000)
    var seed: UInt64

    static let minimumOrderValue = Notional(10)
    static let maximumOpenOrders = 1_000
    static let maximumItems = 200
    /// Farther than this from the mid a price is refused: 80 %.
    static let priceBandPercent: Int64 = 80
}

/// The matching engine: pure state and synchronous rules, no clock, no input or output. What others may learn of an action is left in
/// ``effects`` for the caller to take.
final class Engine {
    let universe: Universe
    let parameters: EngineParameters
    let fees: FeeSchedule
    private(set) var accounts: [String: Account] = [:]
    private var signers: [String: Signer] = [:]
    private var formerAgents: [String: FormerAgent] = [:]
    var treasury = Treasury()
    /// Traded by everybody, both sides of a trade counted.
    var volumes = DailyVolumes()
    /// Accounts that changed since it was last looked whether they must be liquidated.
    var unchecked: [Account] = []
    var isLiquidating = false
    var lastLiquidation: Int64 = 0
    var fundingHasBegun = false
    var effects = Effects()
    private(set) var counters = EngineCounters()
    private var lastOid = Engine.firstOid
    private var lastTrade: UInt64 = 0
    /// Due times, earliest first.
    var timers: [Timer] = []
    var timerCount = 0
    /// TWAP orders begun so far.
    var twapCount: Int64 = 0
    /// Groups of the recorded file published so far.
    var replayed = 0

    /// Above the oids of the recorded fills.
    private static let firstOid: Int64 = 600_000_000_000

    init(universe: Universe, parameters: EngineParameters) {
        self.universe = universe
        self.parameters = parameters
        fees = FeeSchedule(base: FeeRates(taker: parameters.takerFeeMillionths, maker: parameters.makerFeeMillionths))
    }

    // MARK: Accounts

    func account(_ address: String) -> Account? { accounts[address] }

    func signer(_ address: String) -> Signer? { signers[address] }

    /// The account a replaced agent served.
    func retiredAgent(_ address: String) -> String? { formerAgents[address].flatMap { $0.isReplaced ? $0.owner : nil } }

    /// Opens an account, or gives an existing one another agent in the place of that of the same name; the balance of an existing one stays.
    /// - Parameter agent: may sign for the account without end when it has no name, as the account's own key may, else for 90 days. One that
    ///   was replaced or revoked does not come back.
    func open(_ address: String, agent: String?, agentName: String = "", master: String?, balance: Notional, at now: Int64 = 0) throws(HyperSimError) {
        if let agent, let other = signers[agent], other.account.address != address {
            throw .configuration("agent \(agent) of \(address) already signs for \(other.account.address)")
        }
        let account: Account
        if let known = accounts[address] {
            guard known.kind == .follower else { throw .configuration("\(address) is no follower's account") }
            account = known
        } else {
            account = openFollower(address, master: master)
            deposit(balance, to: account, now: now)
        }
        guard let agent, signers[agent] == nil, formerAgents[agent] == nil else { return }
        if let old = account.agents.first(where: { $0.name == agentName }) { remove(old, of: account, isReplaced: true) }
        add(Agent(address: agent, name: agentName, validUntil: agentName.isEmpty ? .max : now + Agent.defaultValidity), to: account)
    }

    /// - Parameter name: of a sub-account.
    func openFollower(_ address: String, master: String? = nil, name: String? = nil) -> Account {
        let account = Account(
            address: address, kind: .follower, master: master, name: name, balance: .zero, historyLimit: parameters.followerHistoryLimit)
        accounts[address] = account
        signers[address] = Signer(address: address, account: account)
        if let master = master.flatMap({ accounts[$0] }) { master.subAccounts.append(account) }
        return account
    }

    func add(_ agent: Agent, to account: Account) {
        formerAgents[agent.address] = nil
        account.agents.append(agent)
        signers[agent.address] = Signer(address: agent.address, account: account, validUntil: agent.validUntil)
    }

    /// - Parameter isReplaced: by another of its name; its actions are then refused in the owner's name.
    func remove(_ agent: Agent, of account: Account, isReplaced: Bool) {
        account.agents.removeAll { $0.address == agent.address }
        if signers[agent.address]?.account === account { signers[agent.address] = nil }
        formerAgents[agent.address] = FormerAgent(owner: account.address, isReplaced: isReplaced)
    }

    /// Takes from an agent the right to sign.
    func revoke(agent address: String) throws(HyperSimError) {
        guard let signer = signers[address], let agent = signer.account.agents.first(where: { $0.address == address }) else {
            throw .configuration("\(address) is no agent")
        }
        remove(agent, of: signer.account, isReplaced: false)
    }

    /// The account of the exchange's own liquidator.
    var liquidator: Account {
        if let known = accounts[Self.liquidatorAddress] { return known }
        let account = Account(
            address: Self.liquidatorAddress, kind: .liquidator, balance: .zero, historyLimit: parameters.followerHistoryLimit)
        accounts[account.address] = account
        return account
    }

    /// The mainnet's liquidator vault.
    static let liquidatorAddress = "0xdfc24b077bc1425ad1dea75bcb6f8158e10df303"

    func openLeader(_ address: String, name: String, equity: Notional) throws(HyperSimError) {
        guard accounts[address]?.isLeader != true else { return }
        guard accounts[address] == nil else { throw .configuration("\(address) is a follower's account") }
        accounts[address] = Account(
            address: address, kind: .leader(name: name, equity: equity), balance: .zero, historyLimit: parameters.leaderHistoryLimit)
    }

    // MARK: Numbers

    func nextOid() -> Int64 {
        lastOid += 1
        return lastOid
    }

    /// Unique and without order, as the exchange's trade ids are: a bijection of the trade's number on 50 bits.
    func nextTid() -> Int64 {
        lastTrade += 1
        return Int64(bitPattern: Mixer.scrambled50(lastTrade &+ parameters.seed &* 1_000_003))
    }

    func count(_ change: (inout EngineCounters) -> Void) { change(&counters) }
}

/// A key that may sign: an account's own or its agent's. Nonces are kept per signer, not per account.
final class Signer {
    let address: String
    let account: Account
    /// Milliseconds since 1970.
    var validUntil: Int64
    var nonces = NonceWindow()
    var isAgent: Bool { address != account.address }

    init(address: String, account: Account, validUntil: Int64 = .max) {
        self.address = address
        self.account = account
        self.validUntil = validUntil
    }
}

/// A key that was an agent of `owner`.
private struct FormerAgent {
    var owner: String
    /// By another of its name, rather than revoked or expired.
    var isReplaced: Bool
}

struct EngineCounters: Equatable {
    var ordersFilled = 0
    var ordersPartlyFilled = 0
    var ordersResting = 0
    var ordersRejected: [String: Int] = [:]
    var cancels = 0
    var noops = 0
    /// Actions refused as a whole, by the first words of the refusal.
    var actionsRefused = 0
    var followerFills = 0
    var leaderFills = 0

    var ordersAccepted: Int { ordersFilled + ordersPartlyFilled + ordersResting }
}

extension Mixer {
    /// A bijection on 50 bits: multiplications by odd numbers and xor-shifts, each invertible.
    static func scrambled50(_ value: UInt64) -> UInt64 {
        let mask: UInt64 = (1 << 50) - 1
        var bits = value & mask
        bits = (bits &* 0x9E37_79B9_7F4A_7C15) & mask
        bits ^= bits >> 27
        bits = (bits &* 0x94D0_49BB_1331_11EB) & mask
        bits ^= bits >> 25
        return bits
    }
}
