import Redis

/// Notices that the cell is halted, says so once, and rebuilds it when that is wanted.
actor HaltWatch {
    private static let every = Duration.seconds(1)

    private let context: OperatorContext
    private let recovers: Bool
    private let redis: RedisConnection
    private var lookedAt: ContinuousClock.Instant?
    private var said: String?

    init(_ context: OperatorContext, recovers: Bool) throws {
        self.context = context
        self.recovers = recovers
        redis = try context.redis("up")
    }

    /// To be called often.
    func look() async {
        if let lookedAt, ContinuousClock.now - lookedAt < Self.every { return }
        lookedAt = .now
        do {
            let record = try await redis.hash(context.keys.cellRecord).mapValues { String(decoding: $0, as: UTF8.self) }
            guard record["state"] == "halted" else { said = nil; return }
            let reason = record["reason"] ?? "no reason was given"
            guard said != reason else { return }
            said = reason
            Terminal.complain("HALTED: \(reason)")
            guard recovers else { return Terminal.complain("next: `vibe recover --dry-run`, then `vibe recover --yes`, from another terminal") }
            let site = try RecoverySite(context)
            let report = try await site.recover(force: false) { Terminal.complain("  " + $0) }
            await site.close()
            Terminal.say(report.text())
        } catch { Terminal.complain("vibe: the cell was not looked after: \(error)") }
    }
}
