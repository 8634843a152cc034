/// The worker's decision right before an order is written, made on what is held at that moment. Pure.
public enum Preparation: Sendable, Equatable {
    case send(OrderIntent)
    /// - `sleeve`: to be stored; it may carry a reduction that is owed now, or an entry that waits for more.
    case skip(Outcome, detail: String, sleeve: Sleeve)

    /// Entries: staleness, lock, side, base, share, caps, rounding, minimum, price. Exits: only what is held and what the exchange
    /// accepts.
    ///
    /// For an exit that is tried again, pass the sleeve that ``Sleeve/settling(_:job:filled:averagePrice:)`` returned: it asks for
    /// what is still missing. An entry is complete with its first fill and is not repeated after one.
    /// - Parameters:
    ///   - otherSleevesOnCoin: of the other subscriptions on the same account.
    ///   - account: the account as a whole, for entries.
    ///   - fanout: what all copies of a signal may take together; `nil` when that is not limited, or the book is not known.
    ///   - instrument: `nil` when the exchange does not list the coin.
    ///   - now: milliseconds since 1970.
    ///   - attempt: from 1; each further one of an exit may pay more.
    public static func decide(
        job: ExecutionJob, sleeve: Sleeve, otherSleevesOnCoin: [SubscriptionID: Sleeve], instrument: Instrument?, quote: Quote,
        account: AccountView = AccountView(), fanout: FanoutCap? = nil, now: Int64, attempt: Int
    ) -> Preparation {
        do throws(Skip) {
            let others = otherSleevesOnCoin.filter { $0.key != job.subscription }
            let intent =
                job.action.isEntry
                ? try EntryPreparation(
                    job: job, sleeve: sleeve, others: others, instrument: instrument, quote: quote, account: account, fanout: fanout
                ).intent(now: now)
                : try ExitPreparation(job: job, sleeve: sleeve, others: others, instrument: instrument, quote: quote)
                    .intent(attempt: attempt)
            return .send(intent)
        } catch {
            return .skip(error.outcome, detail: error.detail, sleeve: error.sleeve ?? sleeve)
        }
    }

    /// Why nothing is sent.
    struct Skip: Error {
        var outcome: Outcome
        var detail: String
        /// The sleeve with what stays to be done; `nil` leaves it as it was.
        var sleeve: Sleeve?
    }
}

/// The account as a whole right before an entry is sent: its caps, and the figures they are compared with, orders on their way
/// included.
public struct AccountView: Sendable, Equatable {
    public var limits: AccountSettings.Limits
    /// `nil` is not known: then caps on them refuse, and without such caps the exchange decides.
    public var facts: AccountFacts?

    public init(limits: AccountSettings.Limits = AccountSettings.Limits(), facts: AccountFacts? = nil) {
        self.limits = limits
        self.facts = facts
    }
}
