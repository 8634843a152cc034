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
        Knob(
            "SIM_STRICT", .simulator, .flag, standard: "no",
            purpose: "Whether the simulated exchange has the real one's limits for each client address: 1200 weight and 2000 messages a "
                + "minute, 10 sockets, 30 new ones a minute, 1000 subscriptions, 100 pending posts, and two seconds for which the "
                + "subscriptions of a lost connection count on. Without it there are hardly any.",
            effect: "A fleet on one machine is one client address. The knobs below set single limits, with it or without."),
        Knob(
            "SIM_WEIGHT_PER_MINUTE", .simulator, .integer(unit: "weight", 0...10_000_000),
            purpose: "Weight of requests one client address may send in a minute; 0 is no limit.",
            effect: "Beyond it requests are answered with HTTP 429."),
        Knob(
            "SIM_SOCKETS", .simulator, .integer(unit: "sockets", 0...10_000_000),
            purpose: "WebSocket connections of one client address; 0 is no limit.", effect: "Beyond it an upgrade is answered with HTTP 429."),
        Knob(
            "SIM_NEW_SOCKETS_PER_MINUTE", .simulator, .integer(unit: "sockets", 0...10_000_000),
            purpose: "New WebSocket connections of one client address in a minute; 0 is no limit.",
            effect: "Beyond it an upgrade is answered with HTTP 429."),
        Knob(
            "SIM_SUBSCRIPTIONS", .simulator, .integer(unit: "subscriptions", 0...10_000_000),
            purpose: "Subscriptions of one client address; 0 is no limit.", effect: "Beyond it a subscription is refused with the exchange's text."),
        Knob(
            "SIM_MESSAGES_PER_MINUTE", .simulator, .integer(unit: "messages", 0...10_000_000),
            purpose: "Messages one client address may send over its sockets in a minute; 0 is no limit.",
            effect: "Beyond it the socket is closed."),
        Knob(
            "SIM_PENDING_POSTS", .simulator, .integer(unit: "requests", 0...10_000_000),
            purpose: "post requests of one client address that wait for their answer; 0 is no limit.",
            effect: "Beyond it they are refused with the exchange's text."),
        Knob(
            "SIM_LINGER", .simulator, .duration(.zero...(.seconds(600))),
            purpose: "How long the subscriptions of a lost connection still count.", effect: "Raising it makes reconnecting at a limit harder."),
        Knob(
            "SIM_SYNC", .simulator, .flag, standard: "yes",
            purpose: "Whether the ledger is on disk, not only with the system, before anything is answered.",
            effect: "no is faster, and a crash of the machine may take what was answered last."),
        Knob(
            "SIM_FAULTS", .simulator, .text("faults such as rate429:every=100,path=/info, separated by spaces"),
            purpose: "What goes wrong from the start on; POST /control/faults adds to it at any time.",
            effect: "See vibe sim --help for the faults and their members."),
        Knob(
            "SIM_SEED", .simulator, .integer(unit: "seed", 0...2_147_483_647), standard: "1",
            purpose: "Of everything random: depth of the books, trade ids, latencies, faults.", effect: "The same seed repeats a run."),
        Knob(
            "SIM_MIRROR", .simulator, .url(schemes: ["http", "https"]),
            purpose: "An exchange whose markets are shown instead of made-up ones, such as https://api.hyperliquid.xyz: orders fill at its "
                + "live prices, and leaders who trade there are followed and read through the simulator.",
            effect: "Copy trading on paper. The recorded fills are not used then, unless --fills names them."),
        Knob(
            "SIM_MIRROR_COINS", .simulator, .text("coins separated by commas"),
            purpose: "Which coins of the mirrored exchange are shown; without it all that are not delisted.",
            effect: "Each coin takes three of the thousand subscriptions an address may have there."),
    ]

    static let logging = [
        Knob(
            "LOG_LEVEL", .logging, .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), standard: "info",
            purpose: "The least severe message that is written, to standard error.",
            effect: "debug adds connections, leases, what is trimmed and what waits for a price; trace adds nothing to that."),
        Knob(
            "LOG_FORMAT", .logging, .choice(["text", "json"]), standard: "text",
            purpose: "One readable line a message, or one JSON object a line.",
            effect: "json is for collectors."),
    ]

    static let fleet = [
        Knob(
            "PROCESS_NAME", .fleet, .text("1 to 64 letters, digits, ., - or _"),
            purpose: "The name of this process in leases, consumers and logs, such as work-1. Without it the name is made of role, "
                + "host, process id and a random number. Two processes that live at once must not share one.",
            effect: "vibe up names what it starts."),
        Knob(
            "PARENT_PID", .fleet, .integer(unit: "process id", 1...4_194_304),
            purpose: "The supervisor: when this process has gone, a role ends by itself. Set by vibe up, not by hand.",
            effect: "Without it a role outlives the shell that started it."),
        Knob(
            "RUN_DIRECTORY", .fleet, .path, standard: ".run",
            purpose: "Where vibe up and vibe demo keep servers, logs, and vibe.env with the settings of the running fleet.",
            effect: "Operator commands read vibe.env there when VIBE_REDIS_URL is not set."),
        Knob(
            "HEALTH_ADDRESS", .fleet,
            .text("host:port, :port for every IPv4 address of the host (0.0.0.0), or unix:/path; port 0 takes a free one"),
            purpose: "Where this process answers GET /healthz (its loops turn) and /readyz (what it needs is there) with 200 or 503 and JSON; "
                + "the log line health.listening names the port. Without it nobody is answered.",
            effect: "vibe up gives each process a socket, VIBE_RUN_DIRECTORY/health/<process>.sock, where vibe status looks."),
        Knob(
            "WATCHDOG", .fleet, .duration(.zero...(.seconds(600))), standard: "30s",
            purpose: "A process of which a loop has hung for so long, plus the longest that one call to a server may take, ends with code 70; "
                + "vibe up starts another. A server that is away makes no loop hang. 0s never ends one.",
            effect: "Raising it rides out longer freezes and leaves work standing longer when one is for good."),
        Knob(
            "START_WAIT", .fleet, .duration(.zero...(.seconds(3_600))), standard: "60s",
            purpose: "How long a starting role waits for Redis, Postgres and the exchange when they are away; then it ends with code 69.",
            effect: "Raising it outlasts longer outages without a supervisor that starts it again."),
        Knob(
            "FAILPOINTS", .fleet, .text("POINT=ACTION@N or POINT=ACTION%N, parted by ;"),
            purpose: "For tests only: kills, stops or delays this process, or makes it fail, at named points of its work, such as "
                + "work.after_journal=kill@37;match.before_commit=delay:20ms%1000. @N is the N-th pass, %N one pass in N; actions are kill, "
                + "stop, throw and delay:TIME. A role that is armed says so at start.",
            effect: "Set with real money at stake it stops the fleet from trading."),
        Knob(
            "FAILPOINTS_SEED", .fleet, .integer(unit: "seed", 0...2_147_483_647), standard: "0",
            purpose: "For tests only: of the draws of %N in VIBE_FAILPOINTS.",
            effect: "The same seed draws the same in every process; another for each start keeps it from ending at the same pass for ever."),
    ]
}
