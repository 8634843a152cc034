import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Weights of requests")
struct RequestWeightTests {
    static let reads: [(String, Int, Int)] = [
        ("l2Book", 0, 2), ("allMids", 0, 2), ("clearinghouseState", 0, 2), ("orderStatus", 0, 2), ("spotClearinghouseState", 0, 2),
        ("exchangeStatus", 0, 2), ("userRole", 0, 60), ("meta", 0, 20), ("metaAndAssetCtxs", 0, 20), ("openOrders", 0, 20),
        ("frontendOpenOrders", 500, 20), ("portfolio", 0, 20), ("userFees", 0, 20), ("userRateLimit", 0, 20), ("somethingNew", 7, 20),
        ("userFills", 0, 20), ("userFills", 1, 21), ("userFills", 20, 21), ("userFills", 21, 22), ("userFills", 2_000, 120),
        ("userFillsByTime", 40, 22), ("recentTrades", 30, 22), ("historicalOrders", 2_000, 120), ("fundingHistory", 500, 45),
        ("userFunding", 500, 45), ("userNonFundingLedgerUpdates", 500, 45), ("twapHistory", 20, 21), ("userTwapSliceFills", 20, 21),
        ("userTwapSliceFillsByTime", 20, 21), ("delegatorHistory", 20, 21), ("validatorStats", 20, 21),
        ("candleSnapshot", 0, 20), ("candleSnapshot", 60, 21), ("candleSnapshot", 61, 22), ("candleSnapshot", 5_000, 104),
    ]

    @Test("a read weighs by its type and by the length of its answer", arguments: reads)
    func info(type: String, items: Int, weight: Int) {
        #expect(RequestWeight.info(type: type, items: items) == weight)
    }

    static let order = OrderRequest(
        asset: 0, isBuy: true, price: Price(1), size: Size(1), reduceOnly: false, timeInForce: .ioc, cloid: nil)

    static let actions: [(JSON, weight: Int, count: Int)] = [
        (ExchangeAction.order([order]), 1, 1), (ExchangeAction.order([OrderRequest](repeating: order, count: 39)), 1, 39),
        (ExchangeAction.order([OrderRequest](repeating: order, count: 40)), 2, 40),
        (ExchangeAction.order([OrderRequest](repeating: order, count: 79)), 2, 79),
        (ExchangeAction.order([OrderRequest](repeating: order, count: 200)), 6, 200),
        (ExchangeAction.cancel((0..<80).map { (0, Int64($0)) }), 3, 80), (ExchangeAction.cancelByCloid([(0, "0x1"), (0, "0x2")]), 1, 2),
        (ExchangeAction.batchModify([(.oid(1), order), (.oid(2), order), (.oid(3), order)]), 1, 3),
        (ExchangeAction.modify(.oid(1), to: order), 1, 1), (ExchangeAction.noop(), 1, 1),
        (ExchangeAction.updateLeverage(asset: 0, isCross: true, leverage: 5), 1, 1), (ExchangeAction.order([]), 1, 1),
    ]

    @Test("an action weighs one, and one more for each 40 items; the account's budget counts every item", arguments: actions)
    func action(action: JSON, weight: Int, count: Int) {
        #expect(RequestWeight.action(action) == weight)
        #expect(RequestWeight.actionCount(of: action) == count)
    }

    @Test("the type of a read is what its weight goes by")
    func requestType() {
        #expect(RequestWeight.info(type: InfoRequest.userRole("0x1").type) == 60)
        #expect(RequestWeight.info(type: InfoRequest.l2Book("BTC").type) == 2)
    }
}
