extension Knob {
    static let pipeline = [
        Knob(
            "CELL", .pipeline, .text("1 to 32 letters, digits, - or _"), standard: "c0",
            purpose: "The cell this process works for; the hash tag of every key, so that a cell is one cluster slot.",
            effect: "Processes of different cells share nothing."),
        Knob(
            "PARTITIONS_SIGNALS", .pipeline, .integer(unit: "partitions", 1...99), standard: "8",
            purpose: "Partitions of influencer_signals, keyed by influencer. The same in every process of a cell, and fixed while "
                + "its streams hold entries.",
            effect: "Raising it lets more match processes share the work; each partition costs four small keys."),
        Knob(
            "PARTITIONS_ACCOUNTS", .pipeline, .integer(unit: "partitions", 1...99), standard: "16",
            purpose: "Partitions of execution_requests, execution_jobs, execution_results and account_events, keyed by exchange account. "
                + "The same in every process of a cell, and fixed while its streams hold entries.",
            effect: "Raising it lets more plan, work and audit processes share the work; each partition costs a dozen small keys."),
        Knob(
            "LEASE_TTL", .pipeline, .duration(.milliseconds(200)...(.seconds(120))), standard: "3s",
            purpose: "How long a partition stays with a process that no longer renews its lease.",
            effect: "Raising it tolerates longer pauses and lengthens the stop after a crash. "
                + "Longer than VIBE_REDIS_TIMEOUT and twice VIBE_HEARTBEAT_INTERVAL, shorter than VIBE_SHUTDOWN_GRACE."),
        Knob(
            "LEASE_MARGIN", .pipeline, .duration(.milliseconds(10)...(.seconds(30))), standard: "500ms",
            purpose: "An order is not written to the exchange unless its partition's lease lasts at least this much longer, by the "
                + "local monotonic clock.",
            effect: "Raising it guards against longer pauses between check and write, and stops sending earlier when renewals fail. "
                + "Shorter than VIBE_LEASE_TTL minus VIBE_HEARTBEAT_INTERVAL."),
        Knob(
            "HEARTBEAT_INTERVAL", .pipeline, .duration(.milliseconds(50)...(.seconds(30))), standard: "1s",
            purpose: "How often a process says that it lives, renews its leases and looks for partitions that are its own.",
            effect: "Raising it saves Redis calls and slows the spread of work to a new process. Shorter than half of VIBE_LEASE_TTL."),
        Knob(
            "BATCH", .pipeline, .integer(unit: "entries", 1...256), standard: "128",
            purpose: "Most entries fetched, and committed, in one script call.",
            effect: "Raising it lowers Redis time per entry and lengthens the longest call."),
        Knob(
            "DOORBELL_BLOCK", .pipeline, .duration(.milliseconds(10)...(.seconds(30))), standard: "2s",
            purpose: "How long an idle stage waits for a new entry in one blocking read.",
            effect: "Raising it saves calls when nothing happens; it delays nothing. Shorter than VIBE_REDIS_TIMEOUT."),
        Knob(
            "SHUTDOWN_GRACE", .pipeline, .duration(.milliseconds(500)...(.seconds(600))), standard: "10s",
            purpose: "After SIGTERM: how long a process may finish what is on the wire before it leaves the rest to its successor.",
            effect: "Raising it leaves fewer unknown outcomes when the exchange is slow. Longer than VIBE_LEASE_TTL and VIBE_EXCHANGE_TIMEOUT."),
        Knob(
            "LANE_LIMIT", .pipeline, .integer(unit: "jobs", 1...100_000), standard: "256",
            purpose: "Most jobs that wait in memory in one lane (one account and coin). An entry beyond ends as SKIP_BUDGET, an exit waits "
                + "all the same.",
            effect: "Raising it costs memory and lets one subscriber take more of what its partition may have waiting."),
        Knob(
            "COALESCE_AFTER", .pipeline, .duration(.zero...(.seconds(600))), standard: "1s",
            purpose: "How long a request waits for a planner before it is planned as one with those behind it of the same subscription "
                + "and coin; an entry for its worker before a close behind it ends it, and an exit before the next exit behind it takes it "
                + "along. 0s does none of it.",
            effect: "Raising it plans more moves of a leader one by one after a standstill; lowering it skips more of those that it "
                + "took back."),
        Knob(
            "ADMISSION_BACKLOG", .pipeline, .integer(unit: "entries", 100...100_000_000), standard: "200000",
            purpose: "Signals, requests and jobs that may wait in all before ingest sheds signals that only open or increase. Those that "
                + "reduce or close are never shed. Ends at half of it.",
            effect: "Raising it copies more of a burst, later, and needs about 2 KB of Redis memory an entry."),
        Knob(
            "MAXIMUM_IN_FLIGHT", .pipeline, .integer(unit: "actions", 1...4_096), standard: "256",
            purpose: "Most signed actions, each of up to VIBE_ORDERS_PER_ACTION orders, that one work process has at the exchange without an "
                + "answer. A fifth of them is kept for exits.",
            effect: "Raising it raises throughput while the exchange's latency is the limit, and what is unknown after a crash."),
        Knob(
            "ORDERS_PER_ACTION", .pipeline, .integer(unit: "orders", 1...40), standard: "16",
            purpose: "Most orders of one account that are signed and sent as one action.",
            effect: "Raising it saves signatures and requests when an account has many orders at once. "
                + "Up to 39 cost one unit of the address limit of the exchange."),
        Knob(
            "TRIM_INTERVAL", .pipeline, .duration(.milliseconds(100)...(.seconds(3_600))), standard: "1s",
            purpose: "How often a stream is cut below what every registered group has acknowledged.",
            effect: "Raising it saves Redis time and lets streams grow longer in between."),
        Knob(
            "STREAM_KEEP", .pipeline, .duration(.zero...(.seconds(7 * 86_400))), standard: "5m",
            purpose: "How long acknowledged entries stay readable for operators (redis-cli, vibe explain).",
            effect: "Raising it costs Redis memory: about 1 KB an execution."),
    ]
}
