import CopyTrading
import JSON
import Testing

@testable import Hyperliquid

@Suite("Orders")
struct OrderTests {
    @Test("an order's members stand in the order in which they are hashed")
    func orderJSON() throws {
        var order = OrderRequest(
            asset: 0, isBuy: true, price: try Price(parsing: "97251"), size: try Size(parsing: "0.00123"), reduceOnly: false,
            timeInForce: .ioc, cloid: nil)
        #expect(
            ExchangeAction.order([order]).text()
                == #"{"type":"order","orders":[{"a":0,"b":true,"p":"97251","s":"0.00123","r":false,"t":{"limit":{"tif":"Ioc"}}}],"grouping":"na"}"#)
        order.cloid = "0x0000000000000000000000000000000A"
        order.type = .limit(.alo)
        order.reduceOnly = true
        #expect(
            order.json.text()
                == #"{"a":0,"b":true,"p":"97251","s":"0.00123","r":true,"t":{"limit":{"tif":"Alo"}},"c":"0x0000000000000000000000000000000a"}"#)
    }

    @Test("the other actions have the exchange's member names")
    func otherActions() {
        #expect(ExchangeAction.cancel([(3, 123)]).text() == #"{"type":"cancel","cancels":[{"a":3,"o":123}]}"#)
        #expect(
            ExchangeAction.cancelByCloid([(159, "0x0A")]).text() == #"{"type":"cancelByCloid","cancels":[{"asset":159,"cloid":"0x0a"}]}"#)
        #expect(ExchangeAction.noop().text() == #"{"type":"noop"}"#)
        #expect(
            ExchangeAction.updateLeverage(asset: 1, isCross: true, leverage: 20).text()
                == #"{"type":"updateLeverage","asset":1,"isCross":true,"leverage":20}"#)
    }

    @Test("each form of an answer is told apart")
    func answers() throws {
        func read(_ text: String) throws -> ExchangeAnswer { try ExchangeAnswer(json: JSON.parse(text)) }
        #expect(try read(#"{"status":"ok","response":{"type":"default"}}"#) == .ok)
        #expect(
            try read(#"{"status":"ok","response":{"type":"createSubAccount","data":"0x035605FC2f24d65300227189025e90a0d947f16c"}}"#)
                == .subAccount("0x035605fc2f24d65300227189025e90a0d947f16c"))
        #expect(
            try read(#"{"status":"ok","response":{"type":"batchModify","data":{"statuses":[{"resting":{"oid":8}}]}}}"#)
                == .orders([.resting(oid: 8)]))
        #expect(try read(#"{"status":"err","response":"Action already expired"}"#) == .refused("Action already expired"))
        #expect(
            try read(
                #"{"status":"ok","response":{"type":"order","data":{"statuses":[{"filled":{"totalSz":"0.129","avgPx":"385.58","oid":465972522923,"new":1}},{"resting":{"oid":7,"cloid":"0x1"}},{"error":"No."},"waitingForFill"]}}}"#)
                == .orders([
                    .filled(totalSize: Size(parsing: "0.129"), averagePrice: Price(parsing: "385.58"), oid: 465972522923), .resting(oid: 7),
                    .error("No."), .waiting("waitingForFill"),
                ]))
        #expect(
            try read(#"{"status":"ok","response":{"type":"cancel","data":{"statuses":["success",{"error":"Gone."}]}}}"#)
                == .cancels([nil, "Gone."]))
        #expect(
            try read(#"{"status":"ok","response":{"type":"twapOrder","data":{"status":{"error":"Too small."}}}}"#) == .refused("Too small."))
        #expect(
            try read(#"{"status":"ok","response":{"type":"twapOrder","data":{"status":{"running":{"twapId":7}}}}}"#) == .ok)
    }

    @Test("a fault in an answer names its place")
    func faultyAnswer() throws {
        let text = #"{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":1}},{"filled":{"totalSz":"x","avgPx":"1","oid":1}}]}}}"#
        let error = try #require(throws: JSONError.self) { _ = try ExchangeAnswer(json: JSON.parse(text)) }
        #expect(error.path == "response.data.statuses[1].filled.totalSz")
    }

    @Test("a lone error stands for the whole batch, other mismatches do not")
    func loneError() {
        #expect(ExchangeAnswer.orders([.error("Order has zero size.")]).orderStatuses(sent: 2) == [.error("Order has zero size."), .error("Order has zero size.")])
        #expect(ExchangeAnswer.orders([.resting(oid: 1)]).orderStatuses(sent: 2) == nil)
        #expect(ExchangeAnswer.orders([.resting(oid: 1)]).orderStatuses(sent: 1) == [.resting(oid: 1)])
        #expect(ExchangeAnswer.ok.orderStatuses(sent: 1) == nil)
    }
}
