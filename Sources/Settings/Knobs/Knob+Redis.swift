extension Knob {
    static let redis = [
        Knob(
            "REDIS_URL", .redis, .url(schemes: ["redis", "unix"]), standard: "redis://127.0.0.1:6379",
            purpose: "The Redis that holds the cell: redis://[user@]host:port[/database], or unix:///path/to/redis.sock.",
            effect: "A socket path saves about a tenth of Redis time against loopback TCP."),
        Knob(
            "REDIS_PASSWORD", .redis, .secret("the password"),
            purpose: "Password for the URL above; VIBE_REDIS_PASSWORD_FILE names a file that holds it instead.",
            effect: "Sent as AUTH on every connection."),
        Knob(
            "REDIS_TIMEOUT", .redis, .duration(.milliseconds(50)...(.seconds(60))), standard: "2500ms",
            purpose: "How long a reply may take before the connection is closed and the outcome of its commands is unknown.",
            effect: "Raising it rides out slower disks and delays the notice of a dead Redis. VIBE_DOORBELL_BLOCK < this < VIBE_LEASE_TTL."),
    ]
}
