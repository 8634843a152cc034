import ConfigStore
import Pipeline
import Postgres

/// What people have to see to of the agents that sign, for `vibe status`.
enum AgentConcerns {
    static func read(_ context: OperatorContext) async -> [String] {
        let connection = context.postgres("status", answerTimeout: .seconds(5))
        let concerns: [String]
        do {
            concerns = AgentKeyText.concerns(
                try await AgentKeyKeeper(connection).list(), now: WallClock.milliseconds, notice: context.settings.safety.agentExpiryNotice)
        } catch { concerns = ["whether agents may sign is not known: \(error)"] }
        await connection.close()
        return concerns
    }
}
