import Failpoints

/// The areas of ``Settings``, one struct each, in the order of the files under `env/`, where every member is explained.
extension Settings {
    public struct Redis: Sendable {
        /// `redis://…`, `rediss://…` or `unix://…`.
        public let url: String
        public let password: Secret?
        /// PEM files, for `rediss://`.
        public let authorityFile: String?
        public let certificateFile: String?
        public let keyFile: String?
        public let timeout: Duration

        init(_ reader: inout SettingsReader) {
            url = reader.url("REDIS_URL")
            password = reader.secret("REDIS_PASSWORD")
            authorityFile = reader.optional("REDIS_CA_FILE", Settings.readable)
            certificateFile = reader.optional("REDIS_CERT_FILE", Settings.readable)
            keyFile = reader.secretFile("REDIS_KEY_FILE")
            timeout = reader.duration("REDIS_TIMEOUT")
            checkTransport(&reader, plaintext: reader.flag("REDIS_PLAINTEXT"))
        }
    }

    public struct Postgres: Sendable {
        /// Without the password, unless someone wrote it there.
        public let url: String
        public let password: Secret?
        public let migrations: String?

        init(_ reader: inout SettingsReader) {
            url = reader.url("POSTGRES_URL")
            password = reader.secret("POSTGRES_PASSWORD")
            migrations = reader.optional("MIGRATIONS") { $0 }
            checkTransport(&reader)
        }

        /// The URL to connect with: the password, where one is set, as its last parameter, which overrides one before it.
        public func revealedURL() -> String {
            guard let password = password?.reveal() else { return url }
            let encoded = password.utf8.map { byte in
                let isPlain = byte < 128 && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber)
                return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return url + (url.contains("?") ? "&" : "?") + "password=" + encoded.joined()
        }
    }

    public struct Pipeline: Sendable {
        public let cell: String
        public let signalPartitions: Int
        public let accountPartitions: Int
        public let leaseTTL: Duration
        public let leaseMargin: Duration
        public let heartbeatInterval: Duration
        public let batch: Int
        public let doorbellBlock: Duration
        public let shutdownGrace: Duration
        public let laneLimit: Int
        /// Zero turns it off.
        public let coalesceAfter: Duration
        /// Entries.
        public let admissionBacklog: Int
        public let maximumInFlight: Int
        public let ordersPerAction: Int
        public let trimInterval: Duration
        public let streamKeep: Duration

        init(_ reader: inout SettingsReader) {
            cell = reader.required("CELL") { Settings.isName($0, limit: 32, besides: "-_") ? $0 : nil }
            signalPartitions = reader.integer("PARTITIONS_SIGNALS")
            accountPartitions = reader.integer("PARTITIONS_ACCOUNTS")
            leaseTTL = reader.duration("LEASE_TTL")
            leaseMargin = reader.duration("LEASE_MARGIN")
            heartbeatInterval = reader.duration("HEARTBEAT_INTERVAL")
            batch = reader.integer("BATCH")
            doorbellBlock = reader.duration("DOORBELL_BLOCK")
            shutdownGrace = reader.duration("SHUTDOWN_GRACE")
            laneLimit = reader.integer("LANE_LIMIT")
            coalesceAfter = reader.duration("COALESCE_AFTER")
            admissionBacklog = reader.integer("ADMISSION_BACKLOG")
            maximumInFlight = reader.integer("MAXIMUM_IN_FLIGHT")
            ordersPerAction = reader.integer("ORDERS_PER_ACTION")
            trimInterval = reader.duration("TRIM_INTERVAL")
            streamKeep = reader.duration("STREAM_KEEP")
        }
    }

    public struct Exchange: Sendable {
        public enum Network: String, Sendable { case mainnet, testnet }
        public enum Transport: String, Sendable { case rest, websocket }

        public let url: String
        public let network: Network
        public let timeout: Duration
        public let connections: Int
        /// The name of the address this process sends from.
        public let egress: String
        public let transport: Transport
        /// A minute.
        public let socketMessages: Int
        public let entryMargin: Duration
        public let quoteMaximumAge: Duration
        public let expiresAfterMargin: Duration

        init(_ reader: inout SettingsReader) {
            url = reader.url("EXCHANGE_URL")
            network = reader.choice("EXCHANGE_NETWORK")
            timeout = reader.duration("EXCHANGE_TIMEOUT")
            connections = reader.integer("EXCHANGE_CONNECTIONS")
            egress = reader.required("EGRESS") { Settings.isName($0, limit: 32, besides: "-_") ? $0 : nil }
            transport = reader.choice("EXCHANGE_TRANSPORT")
            socketMessages = reader.integer("EXCHANGE_SOCKET_MESSAGES")
            entryMargin = reader.duration("ENTRY_MARGIN")
            quoteMaximumAge = reader.duration("QUOTE_MAX_AGE")
            expiresAfterMargin = reader.duration("EXPIRES_AFTER_MARGIN")
        }
    }

    public struct Safety: Sendable {
        /// Units of request weight a minute.
        public let accountWeight: Int
        public let accountEvery: Duration
        public let confirmAfter: Duration
        public let leaderGrace: Duration
        public let sweepEvery: Duration
        public let agentCheckEvery: Duration
        public let agentExpiryNotice: Duration
        public let agentExpiryMargin: Duration
        public let feedLostAfter: Duration
        public let breakerWindow: Duration
        public let breakerPause: Duration
        public let breakerLongestPause: Duration
        public let breakerRejects: Int
        /// Per cent.
        public let breakerRejectShare: Int
        public let breakerUnknowns: Int
        public let breakerAcknowledgement: Duration
        /// 0 does not count them.
        public let breakerLeaderTrades: Int
        /// Per cent; 0 limits nothing.
        public let fanoutDepthShare: Int

        init(_ reader: inout SettingsReader) {
            accountWeight = reader.integer("ACCOUNT_WEIGHT")
            accountEvery = reader.duration("ACCOUNT_EVERY")
            confirmAfter = reader.duration("ACCOUNT_CONFIRM_AFTER")
            leaderGrace = reader.duration("DRIFT_LEADER_GRACE")
            sweepEvery = reader.duration("TRIGGER_SWEEP_EVERY")
            agentCheckEvery = reader.duration("AGENT_CHECK_EVERY")
            agentExpiryNotice = reader.duration("AGENT_EXPIRY_NOTICE")
            agentExpiryMargin = reader.duration("AGENT_EXPIRY_MARGIN")
            feedLostAfter = reader.duration("FEED_LOST_AFTER")
            breakerWindow = reader.duration("BREAKER_WINDOW")
            breakerPause = reader.duration("BREAKER_PAUSE")
            breakerLongestPause = reader.duration("BREAKER_LONGEST_PAUSE")
            breakerRejects = reader.integer("BREAKER_REJECTS")
            breakerRejectShare = reader.integer("BREAKER_REJECT_SHARE")
            breakerUnknowns = reader.integer("BREAKER_UNKNOWNS")
            breakerAcknowledgement = reader.duration("BREAKER_ACKNOWLEDGEMENT")
            breakerLeaderTrades = reader.integer("BREAKER_LEADER_TRADES")
            fanoutDepthShare = reader.integer("FANOUT_DEPTH_SHARE")
        }
    }

    public struct Ingest: Sendable {
        public enum RawFrames: String, Sendable { case leaders, none }

        public let usersPerEgress: Int
        public let sockets: Int
        public let verifyEvery: Duration
        public let ordersEvery: Duration
        /// Units a minute.
        public let weight: Int
        public let history: Duration
        public let marketHold: Duration
        /// Whether the markets' quotes are followed.
        public let marketQuotes: Bool
        public let rawFrames: RawFrames
        /// Frames.
        public let rawBuffer: Int
        public let archiveAfter: Duration
        public let archiveDirectory: String

        init(_ reader: inout SettingsReader) {
            usersPerEgress = reader.integer("INGEST_USERS_PER_EGRESS")
            sockets = reader.integer("INGEST_SOCKETS")
            verifyEvery = reader.duration("INGEST_VERIFY_EVERY")
            ordersEvery = reader.duration("INGEST_ORDERS_EVERY")
            weight = reader.integer("INGEST_WEIGHT")
            history = reader.duration("INGEST_HISTORY")
            rawFrames = reader.choice("RAW_FRAMES")
            rawBuffer = reader.integer("RAW_BUFFER")
            archiveAfter = reader.duration("ARCHIVE_AFTER")
            archiveDirectory = reader.required("ARCHIVE_DIRECTORY") { $0 }
            marketHold = reader.duration("INGEST_MARKET_HOLD")
            marketQuotes = reader.flag("MARKET_QUOTES")
        }
    }

    public struct Audit: Sendable {
        public let linger: Duration
        public let batch: Int
        /// Entries.
        public let maximumLag: Int
        public let checkpointEvery: Duration

        init(_ reader: inout SettingsReader) {
            checkpointEvery = reader.duration("AUDIT_CHECKPOINT_EVERY")
            linger = reader.duration("AUDIT_LINGER")
            batch = reader.integer("AUDIT_BATCH")
            maximumLag = reader.integer("AUDIT_MAXIMUM_LAG")
        }
    }

    public struct Simulator: Sendable {
        public let port: Int
        public let fills: String
        public let accounts: String?
        public let ledgerDirectory: String
        public let latency: Duration
        public let jitter: Duration
        /// A decimal number, or `max`.
        public let speed: String
        public let usersPerSocket: Int
        /// The exchange's own limits, where the members below do not say otherwise.
        public let isStrict: Bool
        public let weightPerMinute: Int?
        public let sockets: Int?
        public let newSocketsPerMinute: Int?
        public let subscriptions: Int?
        public let messagesPerMinute: Int?
        public let pendingPosts: Int?
        public let linger: Duration?
        public let syncs: Bool
        /// One rule each.
        public let faults: [String]
        public let seed: Int
        public let mirror: String?
        /// All of them when empty.
        public let mirrorCoins: [String]

        init(_ reader: inout SettingsReader) {
            port = reader.integer("SIM_PORT")
            fills = reader.required("SIM_FILLS") { $0 }
            accounts = reader.optional("SIM_ACCOUNTS") { $0 }
            ledgerDirectory = reader.required("SIM_LEDGER") { $0 }
            latency = reader.duration("SIM_LATENCY")
            jitter = reader.duration("SIM_JITTER")
            speed = reader.required("SIM_SPEED") { Settings.isSpeed($0) ? $0 : nil }
            usersPerSocket = reader.integer("SIM_USERS_PER_SOCKET")
            isStrict = reader.flag("SIM_STRICT")
            weightPerMinute = reader.optionalInteger("SIM_WEIGHT_PER_MINUTE")
            sockets = reader.optionalInteger("SIM_SOCKETS")
            newSocketsPerMinute = reader.optionalInteger("SIM_NEW_SOCKETS_PER_MINUTE")
            subscriptions = reader.optionalInteger("SIM_SUBSCRIPTIONS")
            messagesPerMinute = reader.optionalInteger("SIM_MESSAGES_PER_MINUTE")
            pendingPosts = reader.optionalInteger("SIM_PENDING_POSTS")
            linger = reader.optionalDuration("SIM_LINGER")
            syncs = reader.flag("SIM_SYNC")
            faults = reader.optional("SIM_FAULTS") { $0.split(separator: " ").map(String.init) } ?? []
            seed = reader.integer("SIM_SEED")
            mirror = reader.optional("SIM_MIRROR") { $0.hasPrefix("http://") || $0.hasPrefix("https://") ? $0 : nil }
            mirrorCoins = reader.optional("SIM_MIRROR_COINS") { $0.split(separator: ",").map(String.init) } ?? []
        }
    }

    public struct Logging: Sendable {
        public enum Level: String, Sendable { case trace, debug, info, notice, warning, error, critical }
        public enum Format: String, Sendable { case text, json }

        public let level: Level
        public let format: Format

        init(_ reader: inout SettingsReader) {
            level = reader.choice("LOG_LEVEL")
            format = reader.choice("LOG_FORMAT")
        }
    }

    public struct Fleet: Sendable {
        public let processName: String?
        public let parentProcess: Int32?
        public let runDirectory: String
        public let healthAddress: ListenAddress?
        /// Zero turns it off.
        public let watchdog: Duration
        public let startWait: Duration
        /// What goes wrong on purpose; `nil` but in tests.
        public let failpoints: FailpointPlan?

        init(_ reader: inout SettingsReader) {
            processName = reader.optional("PROCESS_NAME") { Settings.isName($0, limit: 64, besides: ".-_") ? $0 : nil }
            parentProcess = reader.optionalInteger("PARENT_PID").map(Int32.init)
            runDirectory = reader.required("RUN_DIRECTORY") { $0 }
            healthAddress = reader.optional("HEALTH_ADDRESS") { ListenAddress(parsing: $0) }
            watchdog = reader.duration("WATCHDOG")
            startWait = reader.duration("START_WAIT")
            failpoints = reader.failpoints("FAILPOINTS", seed: reader.integer("FAILPOINTS_SEED"))
        }
    }

    static func isName(_ text: String, limit: Int, besides others: String) -> Bool {
        (1...limit).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || others.contains($0) }
    }

    /// `max`, or 0.001 to 1,000,000 with at most three decimals.
    public static func isSpeed(_ text: String) -> Bool {
        if text == "max" { return true }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.count <= 7 && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            parts.count == 1 || parts[1].count <= 3, let whole = Int(parts[0])
        else { return false }
        let thousandths = whole * 1_000 + (parts.count == 2 ? Int((parts[1] + "00").prefix(3)) ?? 0 : 0)
        return (1...1_000_000_000).contains(thousandths)
    }
}

extension RateLimits {
    init(_ reader: inout SettingsReader) {
        self.init(
            subscriber: reader.rate("RATE_SUBSCRIBER"), account: reader.rate("RATE_ACCOUNT"), egress: reader.rate("RATE_EGRESS"),
            subscribers: reader.rates(perID: "RATE_SUBSCRIBER"), accounts: reader.rates(perID: "RATE_ACCOUNT"),
            egresses: reader.rates(perID: "RATE_EGRESS"), maximumWait: reader.duration("RATE_MAXIMUM_WAIT"))
    }
}
