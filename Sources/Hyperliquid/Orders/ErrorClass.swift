/// What an exchange refusal demands. The associated text is a stable code for the first three, the exchange's own for the others.
public enum ErrorClass: Sendable, Equatable {
    /// Would be refused again: end with this status, which is the exchange's own (`tickRejected`) where it has one.
    case terminal(venueStatus: String)
    /// Our picture of the account is old: read it again and plan once more.
    case refresh(String)
    /// The market was not there: try again with a new price, after a pause.
    case requote(String)
    /// The account's request budget is used up: its lane backs off.
    case budget(String)
    /// The exchange does not take such orders for the moment, from anybody.
    case closed(String)
    /// Nothing this account sends will be accepted: pause it and tell a person.
    case fatalForAccount(String)
    /// The nonce was refused: nothing was executed by this message; settle, then take the next.
    case nonce(String)
    /// `expiresAfter` had passed: never executed.
    case expired
    /// Not a known text.
    case unclassified(String)
}
