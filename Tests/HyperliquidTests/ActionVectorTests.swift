import CopyTrading
import Cryptography
import JSON
import Testing

@testable import Hyperliquid

/// The signing vectors once more, built by this system's own builders: the same text, and the same signature.
@Suite("Actions as they are built")
struct ActionVectorTests {
    private static func order(
        _ asset: Int, _ isBuy: Bool, _ price: String, _ size: String, reduceOnly: Bool = false, _ type: OrderType, cloid: String? = nil
    ) throws -> OrderRequest {
        OrderRequest(
            asset: asset, isBuy: isBuy, price: try Price(parsing: price), size: try Size(parsing: size), reduceOnly: reduceOnly, type: type,
            cloid: cloid)
    }

    private static func trigger(_ price: String, _ purpose: OrderTrigger.Purpose, isMarket: Bool = true) throws -> OrderType {
        .trigger(OrderTrigger(price: try Price(parsing: price), purpose: purpose, isMarket: isMarket))
    }

    static let l1: [String: @Sendable () throws -> JSON] = {
        var builders: [String: @Sendable () throws -> JSON] = [:]
        for network in ["mainnet", "testnet"] {
            builders["sdk_order_gtc_\(network)"] = { ExchangeAction.order([try order(1, true, "100", "100", .limit(.gtc))]) }
            builders["sdk_order_cloid_\(network)"] = {
                ExchangeAction.order([try order(1, true, "100", "100", .limit(.gtc), cloid: "0x00000000000000000000000000000001")])
            }
            builders["sdk_order_tpsl_\(network)"] = { ExchangeAction.order([try order(1, true, "100", "100", trigger("103", .stopLoss))]) }
            builders["sdk_create_sub_\(network)"] = { ExchangeAction.createSubAccount(name: "example") }
            builders["sdk_schedule_cancel_none_\(network)"] = { ExchangeAction.scheduleCancel(at: nil) }
            builders["sdk_schedule_cancel_time_\(network)"] = { ExchangeAction.scheduleCancel(at: 123_456_789) }
        }
        for name in ["base", "withVault", "withExpires", "withBoth", "base_testnet"] {
            builders["nktkas_\(name)"] = { ExchangeAction.order([try order(0, true, "30000", "0.1", .limit(.gtc))]) }
        }
        for name in ["g08_order_vault_mainnet", "g09_order_expires_after_mainnet", "g10_order_vault_and_expires_testnet"] {
            builders[name] = { ExchangeAction.order([try order(1, true, "3500.1", "0.0135", .limit(.gtc))]) }
        }
        builders["sdk_phantom_agent_production"] = { ExchangeAction.order([try order(4, true, "1670.1", "0.0147", .limit(.ioc))]) }
        builders["g01_order_ioc_buy_btc_mainnet"] = { ExchangeAction.order([try order(0, true, "97251", "0.00123", .limit(.ioc))]) }
        builders["g02_order_gtc_sell_reduce_only_testnet"] = {
            ExchangeAction.order([try order(3, false, "2345.6", "1.5", reduceOnly: true, .limit(.gtc))])
        }
        builders["g03_order_alo_with_cloid_mainnet"] = {
            ExchangeAction.order([try order(159, true, "35.276", "12.34", .limit(.alo), cloid: "0x1234567890abcdef1234567890abcdef")])
        }
        builders["g04_order_batch_of_three_mixed_mainnet"] = {
            ExchangeAction.order([
                try order(0, true, "97000", "0.001", .limit(.gtc)),
                try order(1, false, "3500.1", "0.0135", reduceOnly: true, .limit(.ioc), cloid: "0xffffffffffffffffffffffffffffffff"),
                try order(75, true, "0.043423", "1001", .limit(.alo)),
            ])
        }
        builders["g05_order_normalTpsl_parent_tp_sl_mainnet"] = {
            ExchangeAction.order(
                [
                    try order(159, true, "40.95", "1", .limit(.ioc)),
                    try order(159, false, "43.2", "1", reduceOnly: true, trigger("45", .takeProfit)),
                    try order(159, false, "33", "1", reduceOnly: true, trigger("36", .stopLoss)),
                ], grouping: .normalTpsl)
        }
        builders["g06_order_positionTpsl_zero_size_testnet"] = {
            ExchangeAction.order(
                [
                    try order(5, false, "180", "0", reduceOnly: true, trigger("190.5", .takeProfit)),
                    try order(5, false, "110", "0", reduceOnly: true, trigger("120.25", .stopLoss, isMarket: false)),
                ], grouping: .positionTpsl)
        }
        builders["g07_order_with_builder_mainnet"] = {
            ExchangeAction.order(
                [try order(0, true, "97251", "0.00123", .limit(.ioc))],
                builder: BuilderFee(builder: "0x8C967E73E7B15087C42A10D344CFF4C96D877F1D", fee: 10))
        }
        builders["g11_cancel_two_mainnet"] = { ExchangeAction.cancel([(0, 465_988_686_977), (159, 123)]) }
        builders["g12_cancelByCloid_mainnet"] = { ExchangeAction.cancelByCloid([(159, "0xf6703236bb0acd72435dcfe8efdf8501")]) }
        builders["g13_batchModify_by_oid_mainnet"] = {
            let order = try order(5, true, "65.048", "189.39", reduceOnly: true, trigger("64.5", .stopLoss))
            return ExchangeAction.batchModify([(.oid(465_972_521_426), order)])
        }
        builders["g14_batchModify_by_cloid_vault_testnet"] = {
            let cloid = "0x0000000000000000226d6bd9d20320de"
            return ExchangeAction.batchModify([(.cloid(cloid), try order(5, true, "65.045", "128.49", .limit(.ioc), cloid: cloid))])
        }
        builders["g15_modify_single_mainnet"] = {
            ExchangeAction.modify(.oid(77_738_308), to: try order(0, true, "95000", "0.002", .limit(.gtc)))
        }
        builders["g16_updateLeverage_cross_mainnet"] = { ExchangeAction.updateLeverage(asset: 1, isCross: true, leverage: 20) }
        builders["g17_updateLeverage_isolated_hip3_vault_testnet"] = {
            ExchangeAction.updateLeverage(asset: 110_049, isCross: false, leverage: 5)
        }
        builders["g18_updateIsolatedMargin_negative_mainnet"] = {
            try ExchangeAction.updateIsolatedMargin(asset: 1, amount: Notional(parsing: "-136986.993412"))
        }
        builders["g19_scheduleCancel_with_expires_mainnet"] = { ExchangeAction.scheduleCancel(at: 1_718_000_060_123) }
        builders["g20_spot_order_8dp_mainnet"] = {
            ExchangeAction.order([try order(10_107, false, "0.00001234", "1234567.89", .limit(.gtc))])
        }
        builders["g21_order_priority_grouping_mainnet"] = {
            let order = try order(110_037, true, "92.018", "2.21", .limit(.alo), cloid: "0x00000000000000000000019eb6f2a8a2")
            return ExchangeAction.order([order], grouping: .priority(rate: 80_000))
        }
        builders["g22_noop_testnet"] = { ExchangeAction.noop() }
        builders["g23_reserveRequestWeight_mainnet"] = { ExchangeAction.reserveRequestWeight(1_000) }
        return builders
    }()

    static let agent = "0x1D9470D4B963F552E6F671A81619D395877BF409"

    static let userSigned: [String: @Sendable () throws -> JSON] = [
        "g25_approveAgent_named_mainnet": {
            try UserSignedAction.approveAgent(agent, name: "copybot", nonce: 1_718_000_000_147, network: .mainnet)
        },
        "g26_approveAgent_unnamed_testnet": {
            try UserSignedAction.approveAgent(agent, name: nil, nonce: 1_718_000_000_148, network: .testnet)
        },
        "g27_approveAgent_valid_until_mainnet": {
            try UserSignedAction.approveAgent(
                agent, name: "copybot", validUntil: 1_733_552_000_000, nonce: 1_718_000_000_149, network: .mainnet)
        },
        "g28_approveBuilderFee_mainnet": {
            try UserSignedAction.approveBuilderFee(
                "0x8c967e73e7b15087c42a10d344cff4c96d877f1d", maximumFee: 10, nonce: 1_718_000_000_150, network: .mainnet)
        },
        "g29_usdSend_mainnet": {
            try UserSignedAction.usdSend(
                to: "0x5e9ee1089755c3435139848e47e6635505d5a13a", amount: Notional(parsing: "12.5"), time: 1_718_000_000_151, network: .mainnet)
        },
        "sdk_usd_send_testnet": {
            try UserSignedAction.usdSend(
                to: "0x5e9ee1089755c3435139848e47e6635505d5a13a", amount: Notional(1), time: 1_687_816_341_423, network: .testnet)
        },
        "nktkas_usd_send_mainnet": {
            try UserSignedAction.usdSend(
                to: "0x1234567890123456789012345678901234567890", amount: Notional(1_000), time: 1_234_567_890, network: .mainnet)
        },
    ]

    /// What nothing here sends.
    static let notBuilt: Set<String> = [
        "sdk_dummy_mainnet", "sdk_dummy_testnet", "sdk_dummy_vault_mainnet", "sdk_dummy_vault_testnet", "sdk_sub_transfer_mainnet",
        "sdk_sub_transfer_testnet", "sdk_withdraw_testnet", "g24_vaultTransfer_mainnet", "g30_usdClassTransfer_mainnet",
    ]

    @Test("every vector is built, or listed as one that is not")
    func completeness() throws {
        let names = try Set(SigningVectorTests.all.map { try $0.json.string("name") })
        #expect(names == Self.notBuilt.union(Self.l1.keys).union(Self.userSigned.keys))
    }

    @Test("an L1 action has the vector's text and signature", arguments: SigningVectorTests.l1)
    func l1Action(vector: SigningVectorTests.Vector) throws {
        let json = vector.json
        guard let build = try Self.l1[json.string("name")] else { return }
        let action = try build()
        #expect(try action.text() == json.string("actionJson"))
        guard json["kind"] == "l1" else { return }
        let signed = try SignedAction.sign(
            action: action, nonce: UInt64(json.integer("nonce")), vaultAddress: json.string(ifPresent: "vaultAddress"),
            expiresAfter: json.integer(ifPresent: "expiresAfter").map { UInt64($0) },
            network: #require(Network(rawValue: json.string("network"))), key: SigningKey(hexadecimal: json.string("privateKey")))
        #expect(signed.signature.json == (try json.field("signaturePadded")))
    }

    @Test("a user-signed action has the vector's text and signature", arguments: SigningVectorTests.userSigned)
    func userSignedAction(vector: SigningVectorTests.Vector) throws {
        let json = vector.json
        guard let build = try Self.userSigned[json.string("name")] else { return }
        let action = try build()
        // The official library's own vectors were made before it added the type, which is not signed.
        if try json.field("action")["type"] != nil { #expect(try action.text() == json.string("actionJson")) }
        let signed = try SignedAction.sign(userAction: action, key: SigningKey(hexadecimal: json.string("privateKey")))
        #expect(signed.signature.json == (try json.field("signaturePadded")))
    }

    @Test("what cannot be signed is refused with the field's name")
    func faults() throws {
        func field(_ build: () throws -> JSON) -> String? {
            let error = #expect(throws: SigningError.self) { _ = try build() }
            return error?.field
        }
        #expect(field { try ExchangeAction.updateIsolatedMargin(asset: 0, amount: Notional(parsing: "0.0000001")) } == "ntli")
        #expect(field { try UserSignedAction.approveAgent("0x12", name: nil, nonce: 1, network: .mainnet) } == "agentAddress")
        #expect(field { try UserSignedAction.approveAgent(Self.agent, name: "", nonce: 1, network: .mainnet) } == "agentName")
        #expect(
            field { try UserSignedAction.approveAgent(Self.agent, name: "a name beyond the limit", nonce: 1, network: .mainnet) } == "agentName")
        #expect(
            field { try UserSignedAction.approveAgent(Self.agent, name: nil, validUntil: 5, nonce: 1, network: .mainnet) } == "agentName")
        #expect(field { try UserSignedAction.approveBuilderFee(Self.agent, maximumFee: 1_001, nonce: 1, network: .mainnet) } == "maxFeeRate")
        #expect(field { try UserSignedAction.usdSend(to: Self.agent, amount: .zero, time: 1, network: .mainnet) } == "amount")
        #expect(
            field { try UserSignedAction.usdSend(to: Self.agent, amount: Notional(e8: 1), time: 1, network: .mainnet) } == "amount")
        #expect(field { try UserSignedAction.usdSend(to: "nobody", amount: Notional(1), time: 1, network: .mainnet) } == "destination")
    }

    @Test("a builder's fee is written in percent", arguments: [(0, "0%"), (1, "0.001%"), (10, "0.01%"), (100, "0.1%"), (1_000, "1%")])
    func feeRate(fee: Int, expected: String) throws {
        let action = try UserSignedAction.approveBuilderFee(Self.agent, maximumFee: fee, nonce: 1, network: .mainnet)
        #expect(try action.string("maxFeeRate") == expected)
    }
}
