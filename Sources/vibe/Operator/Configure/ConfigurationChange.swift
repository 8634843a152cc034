import ConfigStore
import Foundation
import Postgres
import Settings

/// Puts a configuration file in force.
enum ConfigurationChange {
    /// - Throws: ``Failure`` with every fault of the file, each with line and field.
    @discardableResult
    static func apply(_ path: String, _ context: OperatorContext, isDryRun: Bool = false, reseal: Bool = false) async throws -> ConfigChange {
        let file: ConfigFile
        do { file = try ConfigFile.read(path: path, environment: ProcessInfo.processInfo.environment) } catch { throw failure(error) }
        let keys = try SealingKeys(context.settings)
        let connection = context.postgres("config")
        try await Migrator(connection).check()
        let change: ConfigChange
        do {
            change = try await ConfigApply(connection, sealingKeys: keys).apply(file, isDryRun: isDryRun, reseal: reseal)
        } catch .faults(let faults) { throw failure(faults) }
        await connection.close()
        return change
    }

    private static func failure(_ faults: ConfigFaults) -> Failure {
        let count = faults.faults.count
        return Failure(
            .data, "nothing was applied: \(count) fault\(count == 1 ? "" : "s")\n\(faults)", nextStep: "correct them and apply the file again")
    }
}
