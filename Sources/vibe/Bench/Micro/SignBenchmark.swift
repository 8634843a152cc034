import CopyTrading
import Cryptography
import Foundation
import Hyperliquid
import JSON

/// One order action → hash → signature, against the exchange's published SDK in a process of its own.
struct SignBenchmark: MicroBenchmark {
    let name = MicroName.sign
    let unit = "orders"
    let reference = Self.referenceName

    static let referenceName = "hyperliquid-python-sdk"
    private static let script = "Tests/Conformance/sign_speed.py"
    private static let python = ".build/conformance-venv/bin/python"
    private static let nonce: UInt64 = 1_718_000_000_000

    /// The environment with the SDK is not there.
    struct NoReference: Error {
        let text = "the Python environment with the SDK is missing: run `make conformance-deps`"
    }

    private let run: RunDirectory
    private let python: String
    private let script: String
    /// Nobody's: the script has the same.
    private let key: SigningKey
    private let action: JSON

    init(_ run: RunDirectory) throws {
        guard let python = try? RepositoryFile.locate(Self.python), let script = try? RepositoryFile.locate(Self.script) else { throw NoReference() }
        self.run = run
        self.python = python
        self.script = script
        key = try SigningKey(bytes: [UInt8](repeating: 0x31, count: 32))
        action = ExchangeAction.order([
            OrderRequest(
                asset: 5, isBuy: true, price: try Price(parsing: "51.255"), size: try Size(parsing: "0.488"), reduceOnly: false, timeInForce: .ioc,
                cloid: "0x4dfc71f6e469c9314f76044075b1e402")
        ])
    }

    func oursRound(_ duration: Duration) async throws -> MicroSample {
        var nonce = Self.nonce
        return try MicroSample.repeating(for: duration) {
            var witness = 0
            for _ in 0..<64 {
                witness &+= Int(try sign(nonce).signature.v)
                nonce += 1
            }
            return (64, witness)
        }
    }

    func referenceRound(_ duration: Duration) async throws -> MicroSample {
        let log = run.log(of: "sign-speed")
        try? FileManager.default.removeItem(atPath: log)
        try await Command.run(
            "sign_speed.py", python, ["-B", script, action.text(), "\(Self.nonce)", "\(duration.microseconds)"], log: log,
            nextStep: "renew the environment: rm -r .build/conformance-venv && make conformance-deps")
        guard let data = FileManager.default.contents(atPath: log), let line = data.split(separator: UInt8(ascii: "\n")).last,
            let answer = try? JSON.parse(Array(line)), let items = try? answer.integer("signed"), let time = try? answer.integer("microseconds")
        else { throw Failure(.data, "\(script) gave no figures", nextStep: "see \(log)") }
        try checkSame(answer)
        return MicroSample(items: Int(items), time: .microseconds(time))
    }

    private func sign(_ nonce: UInt64) throws -> SignedAction {
        try SignedAction.sign(action: action, nonce: nonce, vaultAddress: nil, expiresAfter: nil, network: .mainnet, key: key)
    }

    /// Two that sign different bytes cannot be compared.
    private func checkSame(_ answer: JSON) throws {
        let ours = try sign(Self.nonce).signature
        let text = Hexadecimal.text(ours.r) + Hexadecimal.text(ours.s) + "\(ours.v)"
        guard try answer.string("first") == text else { throw Failure(.checkFailed, "the SDK signs the same order differently") }
    }
}
