import ConfigStore
import Health
import Logging

extension ConfigStore {
    /// The settings of `version`, or newer ones, never older. Waits for them while the database is away: an entry is not given up for that.
    /// - Parameters:
    ///   - exactly: those of `version` alone.
    ///   - isWanted: asked before each look; `nil` is returned once they are not wanted any more.
    /// - Throws: `.unknownVersion`: a version is there for all before anyone works by it, so no wait would bring this one.
    func settings(
        from version: Int64, exactly: Bool = false, logger: Logger, isolation: isolated (any Actor)? = #isolation, while isWanted: () -> Bool
    ) async throws(ConfigStoreError) -> ConfigSnapshot? {
        let known = current()
        if known.version == version || known.version > version && !exactly { return known }
        if exactly, let kept = await kept(version: version) { return kept }
        while !Task.isCancelled, isWanted() {
            // Postgres may be away for as long as it likes
            Heart.current?.rest()
            defer { Heart.current?.beat() }
            do { return exactly ? try await snapshot(version: version) : try await waitFor(version: version) } catch {
                if case .unknownVersion = error { throw error }
                logger.warning("configuration.unread", metadata: ["version": "\(version)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(200))  // ends early only when cancelled
            }
        }
        return nil
    }
}
