import CopyTrading
import JSON

/// `{"type":"twapOrder","twap":{"a","b","s","r","m","t"}}`: asset, buy, size, reduce-only, minutes, randomised.
struct PlaceTwap: Operation {
    let ticket: TwapTicket

    init(json: JSON) throws(JSONError) { ticket = try json.at("twap", TwapTicket.init(json:)) }

    var canonical: JSON { ["type": "twapOrder", "twap": ticket.canonical] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        let status: JSON =
            switch engine.begin(ticket, context) {
            case .success(let id): ["running": ["twapId": .integer(id)]]
            case .failure(let refusal): ["error": .string(refusal.text)]
            }
        return .data(type: "twapOrder", ["status": status])
    }
}

/// `{"type":"twapCancel","a","t"}`
struct CancelTwap: Operation {
    let asset: Int
    let id: Int64

    init(json: JSON) throws(JSONError) {
        asset = Int(try json.integer("a"))
        id = try json.integer("t")
    }

    var canonical: JSON { ["type": "twapCancel", "a": .integer(asset), "t": .integer(id)] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        let error = engine.cancelTwap(id, asset: asset, context)
        return .data(type: "twapCancel", ["status": error.map { ["error": .string($0)] } ?? "success"])
    }
}

/// A TWAP order as its sender wrote it, decoded but not yet judged.
struct TwapTicket {
    var asset: Int
    var side: Side
    var size: Size?
    var sizeText: String
    var reduceOnly: Bool
    var minutes: Int
    var isRandomized: Bool

    init(json: JSON) throws(JSONError) {
        asset = Int(try json.integer("a"))
        side = try json.bool("b") ? .buy : .sell
        sizeText = try json.string("s")
        reduceOnly = try json.bool("r")
        let minutes = try json.integer("m")
        guard minutes >= 0, minutes <= Int64(UInt32.max) else { throw JSONError(path: "m", problem: "\(minutes) is out of range") }
        self.minutes = Int(minutes)
        isRandomized = try json.bool("t")
        size = try? Size(parsing: sizeText)
        if let size { sizeText = size.description }
    }

    var canonical: JSON {
        [
            "a": .integer(asset), "b": .bool(side == .buy), "s": .string(sizeText), "r": .bool(reduceOnly), "m": .integer(minutes),
            "t": .bool(isRandomized),
        ]
    }
}
