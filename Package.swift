// swift-tools-version: 6.1
import PackageDescription

/// Arrows point down only: a target may depend on those listed below it, never on one above.
let package = Package(
    name: "vibe",
    products: [
        .executable(name: "vibe", targets: ["vibe"]),
        // for chaos runs, which put it before a process to have its clock wrong
        .library(name: "FalseClock", type: .dynamic, targets: ["FalseClock"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        .executableTarget(
            name: "vibe",
            dependencies: [
                "Recovery", "AuditTrail", "Ingestion", "Pipeline", "Safety", "HyperSim", "Hyperliquid", "RawFrames", "RedisStreams", "ConfigStore",
                "CopyTrading", "Redis", "Postgres", "Settings", "Cryptography", "Health", "JSON", "Failpoints", "FaultProxy", "CHiredis", "CPostgres", "CMalloc",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]),
        .target(
            name: "Recovery",
            dependencies: [
                "AuditTrail", "Pipeline", "Safety", "RedisStreams", "Redis", "ConfigStore", "CopyTrading", "Postgres", "JSON",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "AuditTrail",
            dependencies: [
                "Health", "RedisStreams", "Redis", "CopyTrading", "Postgres", "Cryptography", "JSON", "Failpoints",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Safety",
            dependencies: ["RedisStreams", "Redis", "CopyTrading", "Postgres", "JSON", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "Ingestion",
            dependencies: [
                "Health", "RedisStreams", "Redis", "Hyperliquid", "ConfigStore", "RawFrames", "CopyTrading", "JSON", "Failpoints",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Pipeline",
            dependencies: [
                "Health", "RedisStreams", "Redis", "Safety", "Hyperliquid", "ConfigStore", "CopyTrading", "Cryptography", "JSON", "Failpoints",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "HyperSim",
            dependencies: [
                "Hyperliquid", "Cryptography", "CopyTrading", "JSON",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ]),
        .target(
            name: "Hyperliquid",
            dependencies: [
                "Cryptography", "CopyTrading", "JSON", "WebSocket",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
        .target(
            name: "RawFrames",
            dependencies: ["Postgres", "Zstandard", "Cryptography", "CopyTrading", "JSON", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "RedisStreams",
            dependencies: ["Health", "Redis", "CopyTrading", "LuaScripts", "Failpoints", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "ConfigStore",
            dependencies: [
                "Postgres", "CopyTrading", "Settings", "Cryptography", "JSON",
                .product(name: "Logging", package: "swift-log"), .product(name: "Yams", package: "Yams"),
            ]),
        .target(name: "CopyTrading", dependencies: ["Cryptography", "JSON"]),
        .target(
            name: "WebSocket",
            dependencies: [
                "Failpoints",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Redis", dependencies: ["CHiredis", "TLSTunnel", "Blocking", .product(name: "Logging", package: "swift-log")]),
        .target(name: "Postgres", dependencies: ["CPostgres", "Blocking", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "FaultProxy", dependencies: [.product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio")]),
        .target(
            name: "TLSTunnel",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(name: "Health", dependencies: ["JSON", .product(name: "Logging", package: "swift-log")]),
        .target(name: "Settings", dependencies: ["Failpoints"]),
        .target(name: "Failpoints"),
        .target(name: "FalseClock"),
        .target(name: "Blocking"),
        .target(name: "Cryptography", dependencies: ["COpenSSL", "CSecp256k1"]),
        .target(name: "Zstandard", dependencies: ["CZstd"]),
        .target(name: "JSON"),
        .target(
            name: "LuaScripts", path: "lua",
            resources: [
                .embedInCode("acknowledge-entries-3.lua"), .embedInCode("acquire-lease-2.lua"), .embedInCode("begin-attempts.lua"),
                .embedInCode("fan-out-signal.lua"), .embedInCode("hand-off.lua"), .embedInCode("join-stage-1.lua"),
                .embedInCode("latch-level-1.lua"), .embedInCode("latch-provisionally-1.lua"), .embedInCode("penalise-bucket-1.lua"),
                .embedInCode("provision-stream-3.lua"),
                .embedInCode("publish-signals-6.lua"), .embedInCode("record-account.lua"),
                .embedInCode("record-leader-orders-2.lua"), .embedInCode("release-lease-1.lua"), .embedInCode("renew-leases.lua"),
                .embedInCode("resolve-dead-letter-5.lua"), .embedInCode("restore-stream-3.lua"), .embedInCode("see-cell.lua"),
                .embedInCode("set-cell.lua"), .embedInCode("settle-latch-1.lua"), .embedInCode("take-over-partition-2.lua"),
                .embedInCode("take-tokens-1.lua"), .embedInCode("trim-stream-1.lua"), .embedInCode("update-user-slots-1.lua"),
            ]),
        .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
        .target(
            name: "TestServers", dependencies: ["Postgres", "Redis", .product(name: "Logging", package: "swift-log")],
            path: "Tests/TestServers"),
        .testTarget(name: "AuditTrailTests", dependencies: ["AuditTrail", "CopyTrading", "Postgres", "TestServers", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "ConfigStoreTests",
            dependencies: ["ConfigStore", "CopyTrading", "Cryptography", "Postgres", "TestServers", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "HyperSim", "Hyperliquid", "CopyTrading", "Cryptography", "JSON", .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(name: "CopyTradingTests", dependencies: ["CopyTrading", "JSON"]),
        .testTarget(name: "CryptographyTests", dependencies: ["Cryptography"]),
        .testTarget(name: "FailpointsTests", dependencies: ["Failpoints"]),
        .testTarget(
            name: "FaultProxyTests",
            dependencies: [
                "FaultProxy", "Redis", "TestServers", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "FleetTests",
            dependencies: [
                "vibe", "AuditTrail", "Pipeline", "ConfigStore", "CopyTrading", "Health", "Ingestion", "JSON", "Postgres", "Redis", "RedisStreams", "Settings",
                "TestServers", .product(name: "AsyncHTTPClient", package: "async-http-client"), .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Pipeline", "HyperSim", "Hyperliquid", "RedisStreams", "ConfigStore", "CopyTrading", "WebSocket", "Redis", "Postgres", "Settings",
                "Failpoints", "Cryptography", "JSON", .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(name: "HealthTests", dependencies: ["Health", "JSON"]),
        .testTarget(name: "HyperSimTests", dependencies: ["HyperSim", "Hyperliquid"]),
        .testTarget(name: "HyperliquidTests", dependencies: ["Hyperliquid"]),
        .testTarget(name: "IngestionTests", dependencies: ["Ingestion", "ConfigStore", "CopyTrading", "Hyperliquid", "JSON"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "vibe", "Health", "Recovery", "Pipeline", "Safety", "Ingestion", "AuditTrail", "HyperSim", "Hyperliquid", "RawFrames", "ConfigStore", "RedisStreams",
                "Redis", "Postgres", "CopyTrading", "Cryptography", "JSON", "Settings", "TestServers",
                .product(name: "AsyncHTTPClient", package: "async-http-client"), .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "TestServers", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "RawFramesTests",
            dependencies: ["RawFrames", "Cryptography", "CopyTrading", "JSON", "Postgres", "TestServers", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "RedisTests", dependencies: ["Redis", "TLSTunnel", "TestServers", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "RedisStreamsTests",
            dependencies: ["RedisStreams", "Redis", "CopyTrading", "TestServers", .product(name: "Logging", package: "swift-log")]),
        .testTarget(name: "RuleTests"),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"]),
        .testTarget(name: "ZstandardTests", dependencies: ["Zstandard"]),
    ],
    swiftLanguageModes: [.v6]
)
