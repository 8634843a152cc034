extension Knob {
    static let ingest = [
        Knob(
            "INGEST_USERS_PER_EGRESS", .ingest, .integer(unit: "influencers", 1...1_000), standard: "10",
            purpose: "Most influencers whose own fills one egress address subscribes to, over all processes behind it (tier 1). "
                + "The others are followed by public trades (tier 2).",
            effect: "The exchange refuses an eleventh user for one address; raise it only against the simulator."),
        Knob(
            "INGEST_SOCKETS", .ingest, .integer(unit: "connections", 1...3), standard: "2",
            purpose: "Connections on which each process subscribes to the same things. A fill counts from the one that delivers it first.",
            effect: "Raising it hides the loss or lag of one connection, and multiplies channels: one for every market and connection."),
        Knob(
            "INGEST_VERIFY_EVERY", .ingest, .duration(.seconds(5)...(.seconds(110))), standard: "90s",
            purpose: "How often the positions of an influencer followed by public trades are compared with the exchange's.",
            effect: "Raising it costs less of the address's request weight. Past 120 s without a check an influencer's entries are not traded."),
        Knob(
            "INGEST_ORDERS_EVERY", .ingest, .duration(.seconds(1)...(.seconds(50))), standard: "5s",
            purpose: "How often the open orders of an influencer are read whose orders a subscription mirrors.",
            effect: "Raising it mirrors later and costs less weight: 20 a look, of at most half of VIBE_INGEST_WEIGHT. A list older than 60 s "
                + "counts as unknown."),
        Knob(
            "INGEST_WEIGHT", .ingest, .integer(unit: "units a minute", 20...100_000), standard: "600",
            purpose: "Request weight that one process spends on reading influencers' positions and history.",
            effect: "The exchange allows an address 1,200; raising it verifies more influencers in time and leaves less for orders' reads. "
                + "Influencers who are not copied until they are read do not wait for it."),
        Knob(
            "INGEST_HISTORY", .ingest, .duration(.seconds(60)...(.seconds(7 * 86_400))), standard: "24h",
            purpose: "How far back an influencer's fills are read after an absence. Beyond, the gap is declared and the positions are taken anew.",
            effect: "Raising it mirrors exits of longer ago fill by fill; entries that old are never traded."),
        Knob(
            "INGEST_MARKET_HOLD", .ingest, .duration(.zero...(.seconds(1))), standard: "5ms",
            purpose: "How long a public trade of an influencer waits for one that happened before it and comes later, as when a socket is "
                + "replaced by another.",
            effect: "Raising it makes influencers of tier 2 copied that much later; at 0s their signals may change places."),
        Knob(
            "MARKET_QUOTES", .ingest, .flag, standard: "yes",
            purpose: "Whether one of the processes follows the best prices and the mark of every market on a connection of its own, for "
                + "the limits relative to book and mark.",
            effect: "Two channels a market, and a third for a book that VIBE_FANOUT_DEPTH_SHARE looks at, within what the connections for "
                + "fills leave of the address's; the most traded markets come first."),
        Knob(
            "RAW_FRAMES", .ingest, .choice(["leaders", "none"]), standard: "leaders",
            purpose: "Which of the exchange's frames are kept in Postgres as they came: those that carry a followed influencer's fill or "
                + "trade, and the answers that positions are taken from; or none.",
            effect: "About 1 KB a frame and connection. Declared gaps are kept in any case."),
        Knob(
            "RAW_BUFFER", .ingest, .integer(unit: "frames", 100...10_000_000), standard: "100000",
            purpose: "Frames that wait in memory while Postgres is away; 1 KB of memory is set aside for each. Beyond, frames are dropped and "
                + "the gap is recorded.",
            effect: "Raising it rides out a longer absence of Postgres."),
        Knob(
            "ARCHIVE_AFTER", .ingest, .duration(.seconds(86_400)...(.seconds(3_650 * 86_400))), standard: "90d",
            purpose: "Age from which days of raw frames leave Postgres for compressed files with `vibe archive`.",
            effect: "Raising it keeps more of them at hand and more in the database."),
        Knob(
            "ARCHIVE_DIRECTORY", .ingest, .path, standard: "archive",
            purpose: "The folder of the compressed files.",
            effect: "It should be backed up: it has the only copy of what has left Postgres."),
    ]

    static let audit = [
        Knob(
            "AUDIT_BATCH", .audit, .integer(unit: "entries", 1...5_000), standard: "1000",
            purpose: "Most entries written to Postgres in one transaction.",
            effect: "Raising it costs less Postgres time per entry and lengthens one commit (1,000: about 25 ms)."),
        Knob(
            "AUDIT_CHECKPOINT_EVERY", .audit, .duration(.seconds(1)...(.seconds(86_400))), standard: "1m",
            purpose: "How often one of the auditors keeps in Postgres what the cell knows: positions, and what is unfinished.",
            effect: "Raising it reads and writes all positions less often, and a recovery of a lost Redis takes longer: it reads what is on record since."),
        Knob(
            "AUDIT_LINGER", .audit, .duration(.zero...(.seconds(5))), standard: "50ms",
            purpose: "How long new entries are left to gather before they are read for the audit trail.",
            effect: "Raising it makes fewer, larger transactions, and leaves more of the machine to orders; what is on record is that much older."),
        Knob(
            "AUDIT_MAXIMUM_LAG", .audit, .integer(unit: "entries", 1_000...100_000_000), standard: "500000",
            purpose: "Entries that may wait for the audit trail, over all streams, before new entries are no longer traded.",
            effect: "Raising it trades longer while Postgres is away; the backlog takes about 1 KB of Redis memory an entry."),
    ]

    static let keys = [
        Knob(
            "SEALING_KEY", .keys, .secret("32 bytes as 64 hexadecimal digits or base64"),
            purpose: "The key that seals the data keys of subscribers' agent keys in Postgres (AES-256-GCM); "
                + "VIBE_SEALING_KEY_FILE names a file that holds it. Needed by work, converge, config apply and keys only.",
            effect: "Another key than the one that sealed opens nothing: name that one below. `openssl rand -hex 32` makes one."),
        Knob(
            "SEALING_KEYS_OLD_FILES", .keys, .text("names of files with a sealing key each, separated by commas"),
            purpose: "Sealing keys that stored agent keys may still be under, for reading alone. After `vibe keys rotate --sealing` with the "
                + "new key above none of them is needed.",
            effect: "What is sealed with a key that is named neither here nor above cannot sign."),
        Knob(
            "SIGNING_KEY", .keys, .secret("64 hexadecimal digits"),
            purpose: "The private key that `vibe sign` signs with; VIBE_SIGNING_KEY_FILE names a file that holds it.",
            effect: "Used by that command alone."),
    ]
}
