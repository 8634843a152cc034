import CopyTrading
import JSON

extension UserFill {
    /// Reads a fill; members not known here are ignored, as the exchange adds them without notice.
    public init(json: JSON) throws(JSONError) {
        self.init(
            coin: Coin(try json.string("coin")), price: try json.decimal("px"), size: try json.decimal("sz"), side: try json.side(),
            time: try json.milliseconds("time"), startPosition: try json.denoisedDecimal("startPosition"), dir: try json.string("dir"),
            hash: try json.string("hash"), oid: try json.integer("oid"), crossed: try json.bool("crossed"),
            fee: try json.denoisedDecimal("fee"),
            feeToken: try json.maybe("feeToken") { value throws(JSONError) in try value.asString() } ?? "USDC",
            builderFee: try json.denoisedDecimal(ifPresent: "builderFee"), deployerFee: try json.denoisedDecimal(ifPresent: "deployerFee"),
            closedPnl: try json.denoisedDecimal("closedPnl"), tid: try json.integer("tid"),
            cloid: try json.maybe("cloid") { value throws(JSONError) in try value.asString() },
            liquidation: try json.maybe("liquidation", Liquidation.init(json:)),
            twapID: try json.maybe("twapId") { value throws(JSONError) in try value.asInteger() })
    }

    /// The exchange's form: decimals with at least one digit after the point, optional members only when they are set,
    /// `twapId` always.
    public var json: JSON {
        var members: [JSON.Member] = [
            .init("coin", .string(coin.text)), .init("px", .string(WireDecimal.text(price))), .init("sz", .string(WireDecimal.text(size))),
            .init("side", .string(side.letter)), .init("time", .integer(time)),
            .init("startPosition", .string(WireDecimal.text(startPosition))), .init("dir", .string(dir)),
            .init("closedPnl", .string(WireDecimal.text(closedPnl))), .init("hash", .string(hash)), .init("oid", .integer(oid)),
            .init("crossed", .bool(crossed)), .init("fee", .string(WireDecimal.text(fee))), .init("tid", .integer(tid)),
        ]
        if let cloid { members.append(.init("cloid", .string(cloid))) }
        if let liquidation { members.append(.init("liquidation", liquidation.json)) }
        members.append(.init("feeToken", .string(feeToken)))
        if let builderFee { members.append(.init("builderFee", .string(WireDecimal.text(builderFee)))) }
        if let deployerFee { members.append(.init("deployerFee", .string(WireDecimal.text(deployerFee)))) }
        members.append(.init("twapId", twapID.map { JSON.integer($0) } ?? .null))
        return .object(members)
    }
}

extension UserFill.Liquidation {
    public init(json: JSON) throws(JSONError) {
        self.init(
            liquidatedUser: try json.string("liquidatedUser"), markPx: try json.denoisedDecimal("markPx"),
            method: try json.string("method"))
    }

    var json: JSON {
        ["liquidatedUser": .string(liquidatedUser), "markPx": .string(WireDecimal.text(markPx)), "method": .string(method)]
    }
}
