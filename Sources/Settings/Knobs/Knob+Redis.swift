extension Knob {
    static let redis = [
        Knob(
            "REDIS_URL", .redis, .url(schemes: ["redis", "rediss", "unix"]), standard: "redis://127.0.0.1:6379",
            purpose: "The Redis that holds the cell: rediss://[user:@]host:port[/database] with TLS, redis://… without, or "
                + "unix:///path/to/redis.sock[?user=name]. A host other than this machine needs rediss://.",
            effect: "A socket path saves about a tenth of Redis time against loopback TCP. deploy/redis has a user for each role."),
        Knob(
            "REDIS_PASSWORD", .redis, .secret("the password"),
            purpose: "Password for the URL above; VIBE_REDIS_PASSWORD_FILE names a file that holds it instead.",
            effect: "Sent as AUTH on every connection."),
        Knob(
            "REDIS_CA_FILE", .redis, .path,
            purpose: "PEM file of the authorities that may vouch for the server of a rediss:// URL; without it the system's.",
            effect: "The certificate has to be for the URL's host, too. Read at each connection: a renewed file needs no restart."),
        Knob(
            "REDIS_CERT_FILE", .redis, .path,
            purpose: "PEM file of this process' own certificate, for a server that asks for one (tls-auth-clients).",
            effect: "Set together with VIBE_REDIS_KEY_FILE."),
        Knob(
            "REDIS_KEY_FILE", .redis, .path,
            purpose: "PEM file of the private key of VIBE_REDIS_CERT_FILE.",
            effect: "Set together with VIBE_REDIS_CERT_FILE. Only its owner may be able to read it (chmod 600)."),
        Knob(
            "REDIS_PLAINTEXT", .redis, .flag, standard: "no",
            purpose: "Allows redis:// to a host other than this machine: password, orders and positions can be read and changed on the way.",
            effect: "Only for a network that is encrypted below, such as WireGuard."),
        Knob(
            "REDIS_TIMEOUT", .redis, .duration(.milliseconds(50)...(.seconds(60))), standard: "2500ms",
            purpose: "How long a reply may take before the connection is closed and the outcome of its commands is unknown.",
            effect: "Raising it rides out slower disks and delays the notice of a dead Redis. VIBE_DOORBELL_BLOCK < this < VIBE_LEASE_TTL."),
    ]
}
