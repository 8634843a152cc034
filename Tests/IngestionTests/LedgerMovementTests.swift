import CopyTrading
import Foundation
import Hyperliquid
import JSON
import Testing

@testable import Ingestion

/// What the exchange's ledger says of a leader's money (R-87).
@Suite struct LedgerMovementTests {
    private static let leader = "0xaaa0c2769cb990f4f37db951a9e48de2385c2733"

    private func movement(_ delta: String) throws -> LeaderMovement {
        let json = try JSON.parse(Array(delta.replacingOccurrences(of: "LEADER", with: Self.leader).utf8))
        return try LedgerEvent(time: 7, hash: "0x0", kind: json.string("type"), delta: json).movement(of: Self.leader, collateral: .separate)
    }

    @Test("R-87: what came to the perpetuals counts up, what left them down, what stayed within them not", arguments: [
        (#"{"type":"deposit","usdc":"2703997.4500000002"}"#, "2703997.45"),
        (#"{"type":"withdraw","usdc":"99.0","nonce":1,"fee":"1.0"}"#, "-100"),
        (#"{"type":"accountClassTransfer","usdc":"12.0","toPerp":true}"#, "12"),
        (#"{"type":"accountClassTransfer","usdc":"12.0","toPerp":false}"#, "-12"),
        (#"{"type":"internalTransfer","usdc":"5.0","user":"LEADER","destination":"0x1","fee":"1.0"}"#, "-6"),
        (#"{"type":"internalTransfer","usdc":"5.0","user":"0x1","destination":"LEADER","fee":"1.0"}"#, "5"),
        (#"{"type":"subAccountTransfer","usdc":"5.0","user":"LEADER","destination":"0x1"}"#, "-5"),
        (#"{"type":"send","user":"LEADER","destination":"LEADER","sourceDex":"","destinationDex":"xyz","usdcValue":"5.0","fee":"0.0"}"#, "0"),
        (#"{"type":"send","user":"LEADER","destination":"LEADER","sourceDex":"spot","destinationDex":"xyz","usdcValue":"5.0","fee":"0.0"}"#, "5"),
        (#"{"type":"send","user":"LEADER","destination":"LEADER","sourceDex":"","destinationDex":"spot","usdcValue":"5.0","fee":"0.0"}"#, "-5"),
        (#"{"type":"send","user":"LEADER","destination":"0x1","sourceDex":"spot","destinationDex":"","usdcValue":"5.0","fee":"0.0"}"#, "0"),
        (#"{"type":"vaultCreate","vault":"0x1","usdc":"100.0","fee":"100.0"}"#, "-200"),
        (#"{"type":"vaultDeposit","vault":"0x1","usdc":"5.0"}"#, "-5"), (#"{"type":"vaultDeposit","vault":"LEADER","usdc":"5.0"}"#, "5"),
        (#"{"type":"vaultWithdraw","vault":"0x1","user":"LEADER","netWithdrawnUsd":"5.0"}"#, "5"),
        (#"{"type":"vaultWithdraw","vault":"LEADER","user":"0x1","netWithdrawnUsd":"5.0"}"#, "-5"),
        (#"{"type":"vaultDistribution","vault":"0x1","usdc":"5.0"}"#, "5"),
        (#"{"type":"vaultLeaderCommission","user":"LEADER","usdc":"5.0"}"#, "5"),
        (#"{"type":"spotTransfer","usdcValue":"10.5","user":"LEADER","destination":"0x1","fee":"1.0"}"#, "0"),
        (#"{"type":"somethingNew","usdc":"5.0"}"#, "0"),
    ])
    func amount(delta: String, amount: String) throws {
        #expect(try movement(delta) == LeaderMovement(time: 7, amount: Notional(parsing: amount)))
    }

    @Test("R-87: a liquidation is one, and moves no money by itself")
    func liquidation() throws {
        let movement = try movement(#"{"type":"liquidation","liquidatedNtlPos":"100.0","accountValue":"1.0","leverageType":"Cross"}"#)
        #expect(movement == LeaderMovement(time: 7, amount: .zero, isLiquidation: true))
    }

    @Test("a known kind without its amount is an error that names it")
    func malformed() {
        #expect(throws: JSONError(path: "withdraw.usdc", problem: "missing")) { try movement(#"{"type":"withdraw"}"#) }
    }
}
