import ConfigStore
import CopyTrading

/// Agent keys are opened ahead of the orders that they sign, those of all subscribers and not of the owned partitions alone: a worker
/// that takes accounts over while Postgres is away can sign their exits. What stays in memory is 32 bytes a subscriber.
extension WorkStage {
    /// How often an order looks again whether its key is open.
    static let keyWait = Duration.milliseconds(100)
    /// Between two attempts to read a key that could not be read.
    private static let keyRetry = Duration.seconds(1)

    /// Opens the keys of each new configuration.
    func watchKeys() async {
        var opened: Int64 = -1
        while !Task.isCancelled {
            let version = config.current().version
            if version != opened, await openKeys() {
                opened = version
                logger.info("agent_keys.opened", metadata: ["config": "\(version)"])
            }
            try? await Task.sleep(for: Self.keyRetry)  // ends early only when cancelled
        }
    }

    /// Opens the keys of all subscribers that are configured now.
    /// - Returns: false when Postgres went away before all were read.
    @discardableResult
    public func openKeys() async -> Bool {
        for subscriber in config.current().subscribers.values where !subscriber.isAgentRevoked && !Task.isCancelled {
            do { _ = try await signers.signer(subscriber.id, agent: subscriber.agentAddress) } catch ConfigStoreError.postgres(let error) {
                logger.warning("agent_key.unread", metadata: ["subscriber": "\(subscriber.id)", "error": "\(error)"])
                return false
            } catch {
                // told again by the first order that needs it
                logger.error("agent_key.unusable", metadata: ["subscriber": "\(subscriber.id)", "error": "\(error)"])
            }
        }
        return true
    }

    /// Has the key opened that an order waits for.
    func openKey(of subscriber: Subscriber) {
        guard keysOpening.insert(subscriber.id).inserted else { return }
        errandSink.yield(.openKey(subscriber))
    }

    func open(_ subscriber: Subscriber) async {
        defer { keysOpening.remove(subscriber.id) }
        do { _ = try await signers.signer(subscriber.id, agent: subscriber.agentAddress) } catch ConfigStoreError.postgres(let error) {
            // the key is there but cannot be read now: its orders wait, an exit must not end for that
            logger.warning("agent_key.unread", metadata: ["subscriber": "\(subscriber.id)", "error": "\(error)"])
            try? await Task.sleep(for: Self.keyRetry)  // ends early only when cancelled
        } catch ConfigStoreError.agentKeyGone(_, let state?, _) {
            // the configuration that says so is on its way
            logger.warning("agent_key.gone", metadata: ["subscriber": "\(subscriber.id)", "state": "\(state.rawValue)"])
            try? await Task.sleep(for: Self.keyRetry)  // ends early only when cancelled
        } catch { keyFaults[subscriber.id] = error }
    }
}
