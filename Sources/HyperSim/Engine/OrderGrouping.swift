import CopyTrading
import JSON

/// How the orders of one action belong together.
enum OrderGrouping: Equatable {
    /// `na`: not at all.
    case none
    /// `normalTpsl`: the first is the parent, the others are triggers of fixed size for what it opens.
    case parentAndChildren
    /// `positionTpsl`: triggers for the position, however large it is then.
    case position
    /// `{"p":n}`: a fee of n × 1e-8 for precedence in the block. It is accepted; one action is a block here, so it buys nothing and costs
    /// nothing.
    case priority(Int64)

    init(json: JSON) throws(JSONError) {
        if case .object = json {
            let rate = try json.integer("p")
            guard rate >= 0 else { throw JSONError(path: "p", problem: "\(rate) is negative") }
            self = .priority(rate)
            return
        }
        switch try json.asString() {
        case "na": self = .none
        case "normalTpsl": self = .parentAndChildren
        case "positionTpsl": self = .position
        case let word: throw JSONError(problem: "\(word) is unknown")
        }
    }

    var json: JSON {
        switch self {
        case .none: "na"
        case .parentAndChildren: "normalTpsl"
        case .position: "positionTpsl"
        case .priority(let rate): ["p": .integer(rate)]
        }
    }

    /// Why these orders cannot go together. No recording shows how the exchange words these.
    func fault(_ tickets: [OrderTicket]) -> String? {
        switch self {
        case .none: return nil
        case .parentAndChildren:
            guard let parent = tickets.first, parent.trigger == nil else { return "First order of normalTpsl must not be a trigger order." }
            for child in tickets.dropFirst() {
                guard child.trigger != nil else { return "Orders after the first of normalTpsl must be trigger orders." }
                guard child.asset == parent.asset, child.side != parent.side else { return "TP/SL must be in the asset of its parent and oppose it." }
            }
        case .position:
            guard tickets.allSatisfy({ $0.trigger != nil && $0.reduceOnly }) else { return "Orders of positionTpsl must be reduce-only trigger orders." }
        case .priority:
            let areTaking = tickets.allSatisfy { $0.trigger == nil && $0.lifetime == .immediateOrCancel }
            let areMaking = tickets.allSatisfy { $0.trigger == nil && $0.lifetime == .addLiquidityOnly && !$0.reduceOnly }
            guard areTaking || areMaking else { return "Priority is for orders that are all Ioc, or all Alo and not reduce-only." }
        }
        return nil
    }
}
