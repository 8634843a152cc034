extension Knob {
    static let ingest = [
        Knob(
            "INGEST_USERS_PER_EGRESS", .ingest, .integer(unit: "influencers", 1...1_000), standard: "10",
            purpose: "Most influencers whose own fills one egress address subscribes to.",
            effect: "The exchange refuses an eleventh user for one address; raise it only against the simulator."),
        Knob(
            "INGEST_DEBOUNCE", .ingest, .duration(.milliseconds(1)...(.seconds(10))), standard: "150ms",
            purpose: "How long the fills of one resting order are collected before they become a signal.",
            effect: "Raising it makes fewer, larger and later signals of orders that fill in drips. Shorter than VIBE_INGEST_MAXIMUM_HOLD."),
        Knob(
            "INGEST_MAXIMUM_HOLD", .ingest, .duration(.milliseconds(1)...(.seconds(60))), standard: "1s",
            purpose: "The longest time from the first collected fill to its signal, however the fills keep coming.",
            effect: "As above, for orders that fill without a pause."),
    ]

    static let audit = [
        Knob(
            "AUDIT_BATCH", .audit, .integer(unit: "entries", 1...5_000), standard: "1000",
            purpose: "Most entries written to Postgres in one transaction.",
            effect: "Raising it costs less Postgres time per entry and lengthens one commit (1,000: about 25 ms)."),
        Knob(
            "AUDIT_MAXIMUM_LAG", .audit, .integer(unit: "entries", 1_000...100_000_000), standard: "500000",
            purpose: "Entries that may wait for the audit trail, over all streams, before new entries are no longer traded.",
            effect: "Raising it trades longer while Postgres is away; the backlog takes about 1 KB of Redis memory an entry."),
    ]

    static let keys = [
        Knob(
            "SEALING_KEY", .keys, .secret("32 bytes as 64 hexadecimal digits or base64"),
            purpose: "The key that seals subscribers' agent keys in Postgres (AES-256-GCM); "
                + "VIBE_SEALING_KEY_FILE names a file that holds it. Needed by work and config apply only.",
            effect: "Another key than the one that sealed opens nothing. `openssl rand -hex 32` makes one."),
        Knob(
            "SIGNING_KEY", .keys, .secret("64 hexadecimal digits"),
            purpose: "The private key that `vibe sign` signs with; VIBE_SIGNING_KEY_FILE names a file that holds it.",
            effect: "Used by that command alone."),
    ]
}
