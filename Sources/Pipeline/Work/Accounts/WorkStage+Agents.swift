import ConfigStore
import CopyTrading
import Foundation
import Hyperliquid
import Logging

/// Whether accounts' agents may sign for them, and until when. The exchange is asked before an account's first entry and every
/// few hours after it; what it said is kept in Postgres, so that a successor does not ask again. Only entries depend on it: an exit is tried
/// whatever is known.
extension WorkStage {
    private static let lookEvery = Duration.seconds(5)

    /// What is known of the agent that signs for a subscriber now.
    func agentCheck(of subscriber: Subscriber, _ partition: Int) -> AgentCheck? {
        guard let check = partitions[partition]?.books[subscriber.account]?.agent.check, check.agent == subscriber.agentAddress,
            check.account == subscriber.account
        else { return nil }
        return check
    }

    /// Whether something can be signed for the account, and it is known whether that may open anything.
    func isAgentKnown(_ key: AccountKey) -> Bool {
        guard let subscriber = subscriber(of: key) else { return true }
        return !subscriber.isAgentRevoked && agentCheck(of: subscriber, key.partition) != nil
    }

    // MARK: - Entries

    /// Whether an entry waits for what the exchange says of its agent. It does so until it expires.
    func awaitsAgent(_ job: ExecutionJob, _ partition: Int) -> Bool {
        guard let subscriber = config.current().subscribers[job.subscriber], !subscriber.isAgentRevoked,
            agentCheck(of: subscriber, partition) == nil, let expiry = job.expiresAt
        else { return false }
        return WallClock.milliseconds + configuration.entryMargin.milliseconds <= expiry
    }

    /// Why no entry of the job's account is signed; `nil` when its agent may.
    func agentRefusal(of job: ExecutionJob, _ partition: Int) -> (outcome: Outcome, detail: String)? {
        guard let subscriber = config.current().subscribers[job.subscriber] else { return nil }
        if subscriber.isAgentRevoked { return (.agent, Self.revoked(subscriber)) }
        guard let check = agentCheck(of: subscriber, partition) else {
            return (.stale, "the exchange did not say in time whether agent \(subscriber.agentAddress) may sign for the account")
        }
        if let problem = check.problem { return (.agent, problem) }
        if let end = check.validUntil, WallClock.milliseconds + configuration.accounts.agentMargin.milliseconds >= end {
            let moment = Date(timeIntervalSince1970: TimeInterval(end / 1_000)).formatted(.iso8601)
            return (.agent, "agent \(check.agent) is valid until \(moment), and nothing is opened that it could not close: let the account approve "
                + "another and `vibe keys rotate \(subscriber.id)`")
        }
        return nil
    }

    static func revoked(_ subscriber: Subscriber) -> String {
        "agent \(subscriber.agentAddress) was revoked, nothing can be signed: positions stay as they are until `vibe keys add \(subscriber.id)`"
    }

    // MARK: - Asking

    /// Someone waits for it.
    func wantAgentCheck(_ key: AccountKey) {
        guard let state = partitions[key.partition], state.hasReadAgentChecks, let subscriber = subscriber(of: key), !subscriber.isAgentRevoked else { return }
        let check = agentCheck(of: subscriber, key.partition)
        guard check == nil, (state.books[key.account] ?? AccountBook()).agent.isDue(check, at: .now) else { return }
        beginAgentCheck(key)
    }

    /// Asks about those whose turn it is: first what entries wait for, the others as far as the allowance goes.
    func checkAgents(_ allowance: inout Double) {
        resumeExpired()
        let snapshot = config.current()
        for (partition, state) in partitions where !state.draining && state.hasReadAgentChecks {
            if state.agentsOf != snapshot.version { addBooks(partition, snapshot) }
            let waiting = Set(state.lanes.lazy.filter { $0.value.head == .reading }.map(\.key.account))
            guard allowance > 0 || !waiting.isEmpty else { continue }
            for (account, book) in state.books where !book.agent.isUnderWay {
                guard let subscriber = snapshot.subscriber(of: account), !subscriber.isAgentRevoked else { continue }
                let check = agentCheck(of: subscriber, partition)
                guard book.agent.isDue(check, at: .now), allowance > 0 || (check == nil && waiting.contains(account)) else { continue }
                allowance -= Double(weight(ofChecking: subscriber, check))
                beginAgentCheck(AccountKey(partition: partition, account: account))
            }
        }
    }

    /// Accounts that were configured since.
    private func addBooks(_ partition: Int, _ snapshot: ConfigSnapshot) {
        let index = stage.inputs[partition].index
        for subscriber in snapshot.subscribers.values where partitioning.account(subscriber.account.text) == index {
            if partitions[partition]?.books[subscriber.account] == nil { partitions[partition]?.books[subscriber.account] = AccountBook() }
        }
        partitions[partition]?.agentsOf = snapshot.version
    }

    private func weight(ofChecking subscriber: Subscriber, _ check: AgentCheck?) -> Int {
        let role = RequestWeight.info(type: "userRole")
        return RequestWeight.info(type: "extraAgents") + (check?.name == nil ? role : 0) + (subscriber.vaultAddress == nil ? 0 : role)
    }

    private func beginAgentCheck(_ key: AccountKey) {
        guard let state = partitions[key.partition] else { return }
        partitions[key.partition]?.books[key.account, default: AccountBook()].agent.isUnderWay = true
        errandSink.yield(.checkAgent(key, generation: state.generation))
    }

    func checkAgent(_ key: AccountKey, _ generation: Int) async {
        guard partitions[key.partition]?.generation == generation else { return }
        guard let subscriber = subscriber(of: key) else {
            partitions[key.partition]?.books[key.account]?.agent.isUnderWay = false
            return resumeReading(key)
        }
        let result: Result<AgentCheck, any Error>
        do { result = .success(try await ask(about: subscriber)) } catch { result = .failure(error) }
        guard partitions[key.partition]?.generation == generation else { return }
        partitions[key.partition]?.books[key.account]?.agent.isUnderWay = false
        switch result {
        case .success(let check):
            let before = partitions[key.partition]?.books[key.account]?.agent.check
            partitions[key.partition]?.books[key.account]?.agent.take(check, every: configuration.accounts.agentEvery)
            report(check, before: before, subscriber)
            resumeReading(key)
            do { try await config.store(check) } catch { logger.warning("agent.unrecorded", metadata: ["agent": "\(check.agent)", "error": "\(error)"]) }
        case .failure(let error):
            logger.warning("agent.unchecked", metadata: ["account": "\(key.account)", "agent": "\(subscriber.agentAddress)", "error": "\(error)"])
            let isWaitedFor = partitions[key.partition]?.lanes.contains { $0.key.account == key.account && $0.value.head == .reading } ?? false
            partitions[key.partition]?.books[key.account]?.agent.failed(isWaitedFor: isWaitedFor)
            resumeReading(key)
        }
    }

    /// A named agent is on its owner's list, which says when it ends; the role of any other tells whom it signs for.
    private func ask(about subscriber: Subscriber) async throws(InfoError) -> AgentCheck {
        var check = AgentCheck(agent: subscriber.agentAddress, account: subscriber.account, checkedAt: WallClock.milliseconds)
        var owner = subscriber.account.text
        if subscriber.vaultAddress != nil {
            switch try await client.read(.userRole(owner)) {
            case .subAccount(let master): owner = master
            case .vault: owner = try await client.read(.vaultLeader(owner)) ?? owner
            case let role:
                check.problem = "\(owner) has a vault_address and is \(role) to the exchange, no sub-account and no vault"
                return check
            }
        }
        if let listed = try await client.read(.extraAgents(owner)).first(where: { $0.address == check.agent }) {
            check.name = listed.name
            check.validUntil = listed.validUntil
        } else {
            check.problem = AgentStanding.problem(try await client.read(.userRole(check.agent)), agent: check.agent, owner: owner)
        }
        return check
    }

    private func report(_ check: AgentCheck, before: AgentCheck?, _ subscriber: Subscriber) {
        let facts: [String: String] = ["subscriber": subscriber.id.text, "account": check.account.text, "agent": check.agent]
        func metadata(_ more: [String: String]) -> Logger.Metadata { facts.merging(more) { $1 }.mapValues { "\($0)" } }
        logger.info("agent.checked", metadata: metadata(["name": check.name ?? "-"]))
        if let problem = check.problem, problem != before?.problem { logger.critical("agent.refused", metadata: metadata(["problem": problem])) }
        if let end = check.validUntil, end - WallClock.milliseconds < configuration.accounts.agentNotice.milliseconds {
            logger.warning("agent.expires", metadata: metadata(["days": "\(check.daysLeft(at: WallClock.milliseconds) ?? 0)"]))
        }
    }

    /// Entries that waited until they expired go on to their end, whatever is still being asked.
    private func resumeExpired() {
        for (partition, state) in partitions where !state.draining {
            for (lane, queue) in state.lanes where queue.head == .reading {
                let key = AccountKey(partition: partition, account: lane.account)
                if let subscriber = subscriber(of: key), agentCheck(of: subscriber, partition) != nil { continue }
                guard let job = queue.jobs.first?.job, !awaitsAgent(job, partition), state.books[lane.account]?.isReading != true else { continue }
                partitions[partition]?.lanes[lane]?.head = .idle
                attend(key)
                dispatching.signal()
            }
        }
    }

    // MARK: - What is stored

    /// Takes what a predecessor was told, as long as it is fresh.
    func readAgentChecks(_ partition: Int, _ generation: Int) async {
        let index = stage.inputs[partition].index
        let subscribers = config.current().subscribers.values.filter { partitioning.account($0.account.text) == index }
        var checks: [AgentCheck] = []
        do { checks = try await config.agentChecks(subscribers.map(\.agentAddress)) } catch {
            logger.warning("agent.checks.unread", metadata: ["partition": "\(partition)", "error": "\(error)"])
        }
        guard partitions[partition]?.generation == generation else { return }
        let now = WallClock.milliseconds
        for check in checks {
            let age = Duration.milliseconds(max(0, now - check.checkedAt))
            guard age < configuration.accounts.agentEvery, partitions[partition]?.books[check.account]?.agent.check == nil else { continue }
            partitions[partition]?.books[check.account]?.agent.take(check, every: configuration.accounts.agentEvery, age: age)
        }
        partitions[partition]?.hasReadAgentChecks = true
        for lane in partitions[partition]?.lanes.keys.map({ $0 }) ?? [] { resumeReading(AccountKey(partition: partition, account: lane.account)) }
    }

    // MARK: - Agents that were replaced or revoked

    func watchAgents() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.lookEvery)  // ends early only when cancelled
            await signers.keep(only: Set(config.current().subscribers.values.filter { !$0.isAgentRevoked }.map(\.agentAddress)))
            do { try await destroyRetired() } catch { logger.warning("agent.retiring.unread", metadata: ["error": "\(error)"]) }
        }
    }

    /// Destroys the keys of those that others have replaced, when nothing that they signed can be open any more.
    private func destroyRetired() async throws {
        for (agent, id) in try await config.retiringAgents(since: configuration.accounts.agentGrace) {
            guard let subscriber = config.current().subscribers[id], subscriber.agentAddress != agent, isDone(agent, subscriber) else { continue }
            try await config.destroyRetiring(agent)
            logger.notice("agent.destroyed", metadata: ["subscriber": "\(id)", "agent": "\(agent)"])
        }
    }

    /// False also where another worker has the account.
    private func isDone(_ agent: String, _ subscriber: Subscriber) -> Bool {
        let index = partitioning.account(subscriber.account.text)
        guard let state = partitions.first(where: { stage.inputs[$0.key].index == index })?.value, !state.draining else { return false }
        guard state.accounts[subscriber.account]?.actionsUnderWay ?? 0 == 0 else { return false }
        return !state.unsettled.values.contains { $0.account == subscriber.account && ($0.signer ?? agent) == agent }
    }
}
