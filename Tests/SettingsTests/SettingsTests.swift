import Foundation
import Settings
import Testing

@Suite("Settings")
struct SettingsTests {
    private func faults(_ environment: [String: String]) -> [String] {
        do {
            _ = try Settings(environment: environment)
            return []
        } catch { return error.faults.map(\.description) }
    }

    @Test("an empty environment gives the defaults")
    func defaults() throws {
        let settings = try Settings(environment: ["PATH": "/bin"])
        #expect(settings.redis.url == "redis://127.0.0.1:6379")
        #expect(settings.pipeline.cell == "c0")
        #expect(settings.pipeline.signalPartitions == 8)
        #expect(settings.pipeline.accountPartitions == 16)
        #expect(settings.pipeline.batch == 128)
        #expect(settings.pipeline.leaseTTL == .seconds(3))
        #expect(settings.ingest.marketHold == .milliseconds(5))
        #expect(settings.exchange.network == .mainnet)
        #expect("\(settings.rates.subscriber)" == "2/1s:5")
        #expect(settings.keys.sealingKey == nil)
        #expect(settings.fleet.parentProcess == nil)
    }

    @Test("values given are values read")
    func values() throws {
        let settings = try Settings(environment: [
            "VIBE_REDIS_URL": "unix:///tmp/r.sock", "VIBE_BATCH": "256", "VIBE_LEASE_TTL": "4s", "VIBE_LOG_FORMAT": "json",
            "VIBE_SIM_SPEED": "0.5", "VIBE_PARENT_PID": "17", "VIBE_PROCESS_NAME": "work-1",
        ])
        #expect(settings.redis.url == "unix:///tmp/r.sock")
        #expect(settings.pipeline.batch == 256)
        #expect(settings.pipeline.leaseTTL == .seconds(4))
        #expect(settings.logging.format == .json)
        #expect(settings.simulator.speed == "0.5")
        #expect(settings.fleet.parentProcess == 17)
        #expect(settings.fleet.processName == "work-1")
    }

    @Test("all faults are reported at once, each with its name, its value and what is expected")
    func allAtOnce() {
        let found = faults(["VIBE_BATCH": "257", "VIBE_LEASE_TTL": "3", "VIBE_LOG_LEVEL": "loud", "VIBE_RATE_SUBSCRIBER": "2/s"])
        #expect(found.count == 4)
        #expect(found[0] == "VIBE_BATCH=257: expected a whole number of entries, 1 to 256")
        #expect(found[1] == "VIBE_LEASE_TTL=3: expected a duration such as 250ms, 3s or 5m, 200ms to 2m")
        #expect(found[2] == "VIBE_LOG_LEVEL=loud: expected one of trace, debug, info, notice, warning, error, critical")
        #expect(found[3].hasPrefix("VIBE_RATE_SUBSCRIBER=2/s: expected COUNT/PERIOD:BURST"))
    }

    @Test("an empty value is a fault, never the default in silence", arguments: ["VIBE_BATCH", "VIBE_REDIS_URL", "VIBE_CELL"])
    func empty(name: String) {
        #expect(faults([name: ""]).count == 1)
    }

    @Test("a name that does not exist is a fault that suggests the nearest")
    func typo() {
        #expect(faults(["VIBE_BATHC": "1"]) == ["VIBE_BATHC: expected a known name; did you mean VIBE_BATCH?"])
        #expect(
            faults(["VIBE_RATE_SUBSCRIBR__sub_1": "1/1s:1"])
                == ["VIBE_RATE_SUBSCRIBR__sub_1: expected a known name; did you mean VIBE_RATE_SUBSCRIBER__sub_1?"])
        #expect(faults(["VIBE_SOMETHING_ENTIRELY_ELSE": "1"]) == ["VIBE_SOMETHING_ENTIRELY_ELSE: expected a known name; see env/"])
    }

    @Test("a fault in a failpoint names its part and what it should be; unset, nothing is armed")
    func failpoints() throws {
        #expect(
            faults(["VIBE_FAILPOINTS": "plan.before_commit=stop@2;work.after_journal=explode@1"])
                == ["VIBE_FAILPOINTS=work.after_journal=explode@1: expected kill, stop, throw or delay:TIME such as delay:250ms (1us to 60s)"])
        let settings = try Settings(environment: ["VIBE_FAILPOINTS": "work.after_journal=kill@37", "VIBE_FAILPOINTS_SEED": "9"])
        #expect(settings.fleet.failpoints.map { "\($0)" } == "work.after_journal=kill@37")
        #expect(settings.fleet.failpoints?.seed == 9)
        #expect(try Settings(environment: [:]).fleet.failpoints == nil)
        #expect(faults(["VIBE_FAILPOINTS": ""]).count == 1)
    }

    @Test("a malformed exception is a fault, and so are two for one id")
    func exceptions() {
        #expect(faults(["VIBE_RATE_SUBSCRIBER__a": "nonsense"]).count == 1)
        #expect(faults(["VIBE_RATE_SUBSCRIBER__": "1/1s:1"]).count == 1)
        #expect(faults(["VIBE_RATE_SUBSCRIBER__a_b": "1/1s:1", "VIBE_RATE_SUBSCRIBER__A-b": "2/1s:1"]).count == 1)
    }

    @Test(
        "a relation that does not hold is reported with both values",
        arguments: [
            ("VIBE_DOORBELL_BLOCK", "2500ms", "VIBE_DOORBELL_BLOCK=2500ms: expected less than VIBE_REDIS_TIMEOUT=2500ms"),
            ("VIBE_REDIS_TIMEOUT", "3s", "VIBE_REDIS_TIMEOUT=3s: expected less than VIBE_LEASE_TTL=3s"),
            ("VIBE_HEARTBEAT_INTERVAL", "1500ms", "VIBE_HEARTBEAT_INTERVAL=1500ms: expected less than half of VIBE_LEASE_TTL=3s"),
            ("VIBE_LEASE_MARGIN", "2s", "VIBE_LEASE_MARGIN=2s: expected less than VIBE_LEASE_TTL=3s minus VIBE_HEARTBEAT_INTERVAL=1s"),
            ("VIBE_EXCHANGE_TIMEOUT", "11s", "VIBE_EXCHANGE_TIMEOUT=11s: expected less than VIBE_SHUTDOWN_GRACE=10s"),
        ])
    func relations(name: String, value: String, fault: String) {
        #expect(faults([name: value]) == [fault])
    }

    @Test("a relation is not reported on top of a value that is faulty by itself")
    func noSecondaryFault() {
        #expect(faults(["VIBE_LEASE_TTL": "1ms"]).count == 1)
    }

    @Test("a lease longer than the shutdown grace is a fault")
    func lease() {
        #expect(faults(["VIBE_LEASE_TTL": "10s"]) == ["VIBE_LEASE_TTL=10s: expected less than VIBE_SHUTDOWN_GRACE=10s"])
    }
}

@Suite("Secrets")
struct SecretTests {
    private let key = String(repeating: "0f", count: 32)

    @Test("a secret is read from its variable or from the file that is named, without its line break")
    func sources() throws {
        try withSecretFile(key + "\n") { path in
            for environment in [["VIBE_SEALING_KEY_FILE": path], ["VIBE_SEALING_KEY": key]] {
                let settings = try Settings(environment: environment)
                #expect(try settings.keys.requireSealingKey().reveal() == key)
            }
            #expect(throws: SettingsFaults.self) { try Settings(environment: ["VIBE_SEALING_KEY": key, "VIBE_SEALING_KEY_FILE": path]) }
        }
    }

    @Test("a secret in a file that others may read is refused", arguments: ["VIBE_SEALING_KEY_FILE", "VIBE_SEALING_KEYS_OLD_FILES", "VIBE_REDIS_PASSWORD_FILE"])
    func openFile(variable: String) throws {
        try withSecretFile(key, mode: 0o640) { path in
            #expect { try Settings(environment: [variable: path]) } throws: { "\($0)".contains("may be read by others (mode 640): chmod 600 it") }
        }
        #expect { try Settings(environment: [variable: "/dev/zero"]) } throws: { "\($0)".contains("this one is no regular file") }
    }

    @Test("a secret that is needed and absent is a fault that names both ways to give it")
    func absent() throws {
        let settings = try Settings(environment: [:])
        #expect {
            try settings.keys.requireSigningKey()
        } throws: { "\($0)".contains("VIBE_SIGNING_KEY") && "\($0)".contains("VIBE_SIGNING_KEY_FILE") }
    }

    @Test("no fault and no description shows a secret or the password in a URL")
    func neverShown() {
        let environment = [
            "VIBE_SEALING_KEY": "hunter2", "VIBE_REDIS_URL": "redsi://me:hunter2@host", "VIBE_POSTGRES_URL": "me:hunter2@host",
            "VIBE_SEALING_KYE": "hunter2", "VIBE_EXCHANGE_URL": "bad?password=hunter2&x=1",
        ]
        #expect {
            try Settings(environment: environment)
        } throws: { error in
            (error as? SettingsFaults)?.faults.count == 5 && !"\(error)".contains("hunter2")
        }
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter2"))
    }

    @Test(
        "a secret in the place of its file's name is not shown",
        arguments: [
            ("VIBE_REDIS_PASSWORD_FILE", "hunter2"), ("VIBE_SEALING_KEY_FILE", "/+hunter2/+hunter2/+hunter2/+hunter2secret8="),
            ("VIBE_SEALING_KEY_FILE", " /+hunter2/+hunter2/+hunter2/+hunter2secret8"), ("VIBE_SEALING_KEYS_OLD_FILES", "/no/such,hunter2"),
            ("VIBE_REDIS_KEY_FILE", "-----BEGIN PRIVATE KEY-----\nhunter2/+\n-----END PRIVATE KEY-----"),
            ("VIBE_POSTGRES_URL", "postgresql:///d e?host=/s&password=my hunter2"),
        ])
    func misplaced(variable: String, value: String) {
        #expect { try Settings(environment: [variable: value]) } throws: { "\($0)".contains(variable) && !"\($0)".contains("hunter2") }
    }

    @Test("a file that cannot be read is a fault that names it")
    func unreadable() {
        #expect { try Settings(environment: ["VIBE_REDIS_PASSWORD_FILE": "/nowhere/x"]) } throws: { "\($0)".contains("VIBE_REDIS_PASSWORD_FILE=/nowhere/x") }
    }
}

@Suite("Durations")
struct DurationTests {
    @Test("a duration prints as the shortest text that reads back", arguments: ["0s", "1us", "250ms", "90s", "2m", "5h", "3d"])
    func roundTrip(text: String) { #expect(Duration(parsing: text)?.text == text) }

    @Test("anything but a whole number and a unit is refused", arguments: ["", "3", "s", "1.5s", "-1s", "3 s", "3S", "99999999999999999999s", "10001d"])
    func refused(text: String) { #expect(Duration(parsing: text) == nil) }
}

@Suite("The database's URL")
struct PostgresURLTests {
    @Test("the password goes in percent-encoded, as a parameter")
    func password() throws {
        let plain = try Settings(environment: ["VIBE_POSTGRES_URL": "postgresql://localhost/d", "VIBE_POSTGRES_PASSWORD": "a&b é"])
        #expect(plain.postgres.revealedURL() == "postgresql://localhost/d?password=a%26b%20%c3%a9")
        let query = try Settings(environment: ["VIBE_POSTGRES_URL": "postgresql:///d?host=/s", "VIBE_POSTGRES_PASSWORD": "x"])
        #expect(query.postgres.revealedURL() == "postgresql:///d?host=/s&password=x")
        #expect(try Settings(environment: [:]).postgres.revealedURL() == "postgresql://127.0.0.1:5432/vibe")
    }
}

/// A file as it has to be, removed after `body`.
func withSecretFile(_ text: String, mode: Int = 0o600, _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("vibe-secret-\(UUID().uuidString)").path
    guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]) else {
        throw CocoaError(.fileWriteUnknown)
    }
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    try body(path)
}
