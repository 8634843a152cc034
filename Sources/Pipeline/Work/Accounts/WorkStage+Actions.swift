import CopyTrading
import Hyperliquid
import RedisStreams

/// Actions of an account that are no order of a job: they change nothing when they are repeated, so no attempt is journalled.
extension WorkStage {
    enum ActionAnswer: Sendable {
        case done(ExchangeAnswer)
        case refused(String)
        /// May have been carried out, or not.
        case unknown(String)
        /// Not sent: no tokens, no key, no lease.
        case wait(String)
    }

    /// Signs and sends one action under the account's next nonce, with its tokens taken.
    /// - Parameters:
    ///   - cost: actions it counts as at the exchange.
    ///   - expiresAfter: the exchange takes it until then, milliseconds since 1970; `nil` is for ever.
    func act(
        _ action: WorkerAction, _ key: AccountKey, _ generation: Int, priority: RequestPriority, cost: Int, expiresAfter: Int64? = nil
    ) async -> ActionAnswer {
        guard let subscriber = subscriber(of: key) else { return .refused("the account is not configured") }
        guard !subscriber.isAgentRevoked else { return .wait(Self.revoked(subscriber)) }
        let signer: Signer
        do { signer = try await signers.signer(subscriber.id, agent: subscriber.agentAddress) } catch { return .wait("the agent key cannot be used: \(error)") }
        guard let state = partitions[key.partition], state.generation == generation else { return .wait("the partition is gone") }
        let nonce = max(WallClock.milliseconds, (state.nonces[signer.address] ?? 0) + 1)
        partitions[key.partition]?.nonces[signer.address] = nonce
        let charges = charges(account: key.account, actions: cost, isEntry: priority == .entry)
        do {
            let answers = try await journal.begin([
                (key.partition, state.epoch, [AttemptBooking(signer: signer.address, nonce: nonce, charges: charges, records: [])])
            ])
            switch answers.first ?? nil {
            case nil: return .wait("the partition was taken over")
            case .some(let bookings):
                guard case .go? = bookings.first else { return .wait("no tokens: \(bookings.first.map { "\($0)" } ?? "")") }
            }
            let signed = try signer.sign(
                action, nonce: nonce, vaultAddress: subscriber.vaultAddress, expiresAfter: expiresAfter, network: network)
            guard let deadline = leases.deadline(key.partition, of: state.epoch), deadline > .now else { return .wait("the lease has run out") }
            partitions[key.partition]?.accounts[key.account]?.budget.spend(cost)
            switch try await transport.submit(signed, priority: priority, notAfter: deadline) {
            case .refused(let text):
                switch ErrorText.classify(text) {
                case .fatalForAccount: fatal(text, key.account, subscriber.id, agent: signer.address)
                case .nonce:
                    guard let floor = NonceRefusal.floor(in: text) else { break }
                    raiseNonce(of: signer.address, to: floor, key.partition)
                    return .wait(text)
                default: break
                }
                return .refused(text)
            case let answer: return .done(answer)
            }
        } catch let error as ExchangeError {
            if case .notSent(let reason) = error { return .wait(reason) }
            return .unknown("\(error)")
        } catch { return .wait("\(error)") }
    }
}
