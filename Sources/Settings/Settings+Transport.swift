import Foundation

/// What goes over a network goes encrypted, or somebody has written that it does not.
extension Settings.Redis {
    func checkTransport(_ reader: inout SettingsReader, plaintext: Bool) {
        let isEncrypted = url.hasPrefix("rediss://")
        let host = ServerURL(redis: url).hosts.first ?? ""
        reader.require(
            isEncrypted || url.hasPrefix("unix://") || plaintext || ServerURL.isThisMachine(host), "REDIS_URL", url,
            "rediss:// for a host other than this machine, see env/redis.env; VIBE_REDIS_PLAINTEXT=yes sends everything unencrypted")
        for (name, value) in [("REDIS_CA_FILE", authorityFile), ("REDIS_CERT_FILE", certificateFile), ("REDIS_KEY_FILE", keyFile)] {
            reader.require(value == nil || isEncrypted, name, value, "to be unset, or VIBE_REDIS_URL to begin with rediss://")
        }
        reader.require(certificateFile == nil || keyFile != nil, "REDIS_CERT_FILE", certificateFile, "VIBE_REDIS_KEY_FILE beside it")
        reader.require(keyFile == nil || certificateFile != nil, "REDIS_KEY_FILE", keyFile, "VIBE_REDIS_CERT_FILE beside it")
    }
}

extension Settings.Postgres {
    func checkTransport(_ reader: inout SettingsReader) {
        let address = ServerURL(postgres: url)
        let isLocal = address.hosts.allSatisfy(ServerURL.isThisMachine)
        reader.require(
            isLocal || address.options["sslmode"] != nil, "POSTGRES_URL", url,
            "?sslmode=verify-full&sslrootcert=<CA file> in the URL for a host other than this machine, or another sslmode that is meant")
    }
}

extension Settings {
    static func readable(_ path: String) -> String? {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else { return nil }
        return FileManager.default.isReadableFile(atPath: path) ? path : nil
    }
}

/// As much of a server's URL as tells where it leads. What cannot be read is left to those who connect.
struct ServerURL {
    /// Of its authority and of `host` and `hostaddr`; empty when it names none.
    let hosts: [String]
    let options: [String: String]

    /// As ``Redis`` reads it: everything up to the last '@' is the login.
    init(redis text: String) {
        let rest = Self.withoutScheme(text)
        let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        hosts = [Self.withoutPort(String(place.prefix { $0 != "/" }))]
        options = [:]
    }

    /// As libpq reads it: the login ends at the first '@', unless a '/' comes before.
    init(postgres text: String) {
        let rest = Self.withoutScheme(text)
        let end = rest.firstIndex { $0 == "@" || $0 == "/" }
        let place = end.flatMap { rest[$0] == "@" ? rest[rest.index(after: $0)...] : nil } ?? rest
        let parts = place.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var options: [String: String] = [:]
        for option in parts.count == 2 ? parts[1].split(separator: "&") : [] {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.decoded)
            options[pair[0]] = pair.count == 2 ? pair[1] : ""
        }
        self.options = options
        let named = parts[0].prefix { $0 != "/" }.split(separator: ",").map { Self.decoded(Substring(Self.withoutPort(String($0)))) }
        let optional = ["host", "hostaddr"].flatMap { options[$0]?.split(separator: ",").map(String.init) ?? [] }
        hosts = (named + optional).filter { !$0.isEmpty }
    }

    private static func withoutScheme(_ text: String) -> Substring { text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...] }

    /// Loopback, or a socket in the file system.
    static func isThisMachine(_ host: String) -> Bool {
        if host.hasPrefix("/") || host.hasPrefix("@") || ["localhost", "::1"].contains(host.lowercased()) { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
    }

    private static func withoutPort(_ text: String) -> String {
        if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
        return String(text.prefix { $0 != ":" })
    }

    private static func decoded(_ text: Substring) -> String { text.removingPercentEncoding ?? String(text) }
}
