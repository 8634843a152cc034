import ArgumentParser
import JSON
import RedisStreams

struct ProvisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provision",
        abstract: "Create the cell's streams in Redis.",
        discussion: """
            Roles do this at their start where their Redis user may. Under users of their own (deploy/redis) they may not: then run it \
            once before the first start, as the administrator. Running it twice changes nothing. Streams that had entries and are gone \
            are not created again, but reported (exit code 78).

            Examples:
              vibe provision
              VIBE_REDIS_URL=rediss://vibe_admin:@redis.internal:6379 VIBE_REDIS_PASSWORD_FILE=admin.password vibe provision --json
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let context = try OperatorContext.load()
        let redis = try context.redis("provision")
        try await Provisioning.check(redis)
        let created = try await Provisioning.provision(redis, keys: context.keys, partitioning: context.partitioning)
        await redis.close()
        output.show(["created": .array(created.map { .string($0.name) })]) {
            created.isEmpty ? "nothing to create" : "created " + created.map(\.name).joined(separator: ", ")
        }
    }
}
