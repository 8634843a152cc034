extension Knob {
    static let simulator = [
        Knob(
            "SIM_PORT", .simulator, .integer(unit: "port", 0...65_535), standard: "7600",
            purpose: "The loopback port of the simulated exchange; 0 takes a free one and prints it.",
            effect: "VIBE_EXCHANGE_URL has to name the same."),
        Knob(
            "SIM_FILLS", .simulator, .path, standard: "Tests/Fixtures/leader_fills.json",
            purpose: "Recorded fills of leaders to replay.",
            effect: "Coins, prices and sizes of the simulated markets come from it."),
        Knob(
            "SIM_ACCOUNTS", .simulator, .path,
            purpose: "Accounts at the simulated exchange: JSON with account, agent and balance of each.",
            effect: "Without it the exchange starts without followers; POST /control/accounts adds them."),
        Knob(
            "SIM_LEDGER", .simulator, .path, standard: ".run/simulator",
            purpose: "The directory of the ledger, which an exchange started on it again continues.",
            effect: "vibe verify compares it with Redis and Postgres."),
        Knob(
            "SIM_LATENCY", .simulator, .duration(.zero...(.seconds(60))), standard: "0s",
            purpose: "Time from a request's arrival to its answer. The real exchange takes 200 ms to 900 ms.",
            effect: "Raising it shows what depends on orders in flight."),
        Knob(
            "SIM_JITTER", .simulator, .duration(.zero...(.seconds(60))), standard: "0s",
            purpose: "Largest random addition to the latency, evenly distributed.",
            effect: "Answers leave in another order than requests came."),
        Knob(
            "SIM_SPEED", .simulator, .text("a number from 0.001 to 1000000, or max"), standard: "3600",
            purpose: "Speed of the replay against recorded time; max leaves no pauses.",
            effect: "Raising it replays the same fills in less time: 58 recorded hours take 58 s at 3600."),
        Knob(
            "SIM_USERS_PER_SOCKET", .simulator, .integer(unit: "users", 1...10_000), standard: "10",
            purpose: "Different users one address may subscribe to, as the exchange limits it.",
            effect: "Raise it together with VIBE_INGEST_USERS_PER_EGRESS."),
    ]

    static let logging = [
        Knob(
            "LOG_LEVEL", .logging, .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), standard: "info",
            purpose: "The least severe message that is written, to standard error.",
            effect: "debug writes one line a batch, trace one an entry."),
        Knob(
            "LOG_FORMAT", .logging, .choice(["text", "json"]), standard: "text",
            purpose: "One readable line a message, or one JSON object a line.",
            effect: "json is for collectors."),
    ]

    static let fleet = [
        Knob(
            "PROCESS_NAME", .fleet, .text("1 to 64 letters, digits, ., - or _"),
            purpose: "The name of this process in leases, consumers and logs, such as work-1. Without it the name is made of role, "
                + "host and process id. Two processes that live at once must not share one.",
            effect: "vibe up names what it starts."),
        Knob(
            "PARENT_PID", .fleet, .integer(unit: "process id", 1...4_194_304),
            purpose: "The supervisor: when this process has gone, a role ends by itself. Set by vibe up, not by hand.",
            effect: "Without it a role outlives the shell that started it."),
        Knob(
            "RUN_DIRECTORY", .fleet, .path, standard: ".run",
            purpose: "Where vibe up and vibe demo keep servers, logs, and vibe.env with the settings of the running fleet.",
            effect: "Operator commands read vibe.env there when VIBE_REDIS_URL is not set."),
    ]
}
