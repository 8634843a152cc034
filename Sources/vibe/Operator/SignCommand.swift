import ArgumentParser
import Cryptography
import Foundation
import Hyperliquid
import JSON
import Settings

struct SignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign one exchange action given as JSON on standard input.",
        discussion: """
            The input is one object with kind, network, nonce, vaultAddress, expiresAfter and action; the order of the action's keys is
            the order they are hashed in. The key comes from VIBE_SIGNING_KEY or the file that VIBE_SIGNING_KEY_FILE names, never from
            an argument. Prints r, s, v, the connection id (or the digest of a user-signed action) and the address recovered from the
            signature.

            Examples:
              VIBE_SIGNING_KEY_FILE=agent.key vibe sign < action.json
              echo '{"network":"testnet","nonce":1700000000000,"action":{"type":"noop"}}' | VIBE_SIGNING_KEY_FILE=agent.key vibe sign --json
            """)

    static let largestInput = 4 << 20

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let key = try OperatorContext.environmentSettings().keys.requireSigningKey()
        let input = try FileHandle.standardInput.read(upToCount: Self.largestInput + 1) ?? Data()
        guard input.count <= Self.largestInput else { throw Failure(.data, "the input is larger than \(Self.largestInput) bytes") }
        guard !input.isEmpty else { throw Failure(.data, "standard input is empty", nextStep: "vibe sign < action.json") }
        let report: SigningReport
        do {
            let request = try SigningRequest(json: try JSON.parse(Array(input)))
            report = try request.sign(key: try SigningKey(hexadecimal: key.reveal()))
        } catch let error as JSONError {
            throw Failure(.data, "standard input: \(error)")
        } catch let error as SigningError {
            throw Failure(.data, "standard input: \(error)")
        } catch is CryptographyError {
            throw Failure(.configuration, "VIBE_SIGNING_KEY is no valid secp256k1 private key")
        }
        output.show(report.json) { Self.lines(report.json) }
    }

    /// `name value`, one a line.
    private static func lines(_ json: JSON) -> String {
        guard case .object(let members) = json else { return json.text() }
        return members.map { member in
            let value = if case .string(let text) = member.value { text } else { member.value.text() }
            return member.name.padding(toLength: 14, withPad: " ", startingAt: 0) + value
        }.joined(separator: "\n")
    }
}
