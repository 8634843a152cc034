import CopyTrading
import JSON

/// What POST /exchange answered with HTTP 200. A refusal is an answer: the exchange decided, nothing was executed.
public enum ExchangeAnswer: Sendable, Equatable {
    /// One status per order, in the order sent; or a single error for a batch that failed validation as a whole,
    /// see ``orderStatuses(sent:)``.
    case orders([OrderStatusAnswer])
    /// One per cancel: `nil` cancelled, else the exchange's reason.
    case cancels([String?])
    /// Done; the action has nothing to report (`modify` does not tell the new order's id).
    case ok
    /// The address of the sub-account that was created.
    case subAccount(String)
    /// `{"status":"err"}` with this text: the whole action was refused.
    case refused(String)

    public init(json: JSON) throws(JSONError) {
        switch try json.string("status") {
        case "err": self = .refused(try json.string("response"))
        case "ok": self = try json.at("response") { response throws(JSONError) in try ExchangeAnswer(response: response) }
        case let other: throw JSONError(path: "status", problem: "expected \"ok\" or \"err\", found \"\(other)\"")
        }
    }

    private init(response: JSON) throws(JSONError) {
        switch try response.string("type") {
        case "order", "batchModify":
            self = .orders(
                try response.at("data") { data throws(JSONError) in try data.list("statuses", OrderStatusAnswer.init(json:)) })
        case "cancel":
            self = .cancels(try response.at("data") { data throws(JSONError) in try data.list("statuses", Self.cancelStatus) })
        case "createSubAccount": self = .subAccount(try response.string("data").lowercased())
        default:
            // TWAP answers put their refusal here; the other actions answer `default`, or data that no caller asked for.
            if let error = response["data"]?["status"]?["error"] { self = .refused(try error.asString()) } else { self = .ok }
        }
    }

    private static func cancelStatus(_ json: JSON) throws(JSONError) -> String? {
        if json == "success" { return nil }
        return try json.string("error")
    }

    /// One status for each of `count` orders: a lone error stands for all of them. `nil` when the counts do not fit otherwise.
    public func orderStatuses(sent count: Int) -> [OrderStatusAnswer]? {
        guard case .orders(let statuses) = self else { return nil }
        if statuses.count == count { return statuses }
        guard statuses.count == 1, case .error = statuses[0] else { return nil }
        return [OrderStatusAnswer](repeating: statuses[0], count: count)
    }
}

/// What became of one order at once.
public enum OrderStatusAnswer: Sendable, Equatable {
    /// Traded, wholly or (for immediate-or-cancel, when `totalSize` is less than was sent) in part, the rest dropped.
    case filled(totalSize: Size, averagePrice: Price, oid: Int64)
    case resting(oid: Int64)
    /// Refused; ``ErrorText`` classifies the text.
    case error(String)
    /// `waitingForFill` or `waitingForTrigger`; such an order has no id yet.
    case waiting(String)

    public init(json: JSON) throws(JSONError) {
        if case .string(let text) = json {
            self = .waiting(text)
        } else if let filled = json["filled"] {
            do {
                self = .filled(
                    totalSize: try filled.decimal("totalSz"), averagePrice: try filled.denoisedDecimal("avgPx"), oid: try filled.integer("oid"))
            } catch { throw error.under("filled") }
        } else if let resting = json["resting"] {
            do { self = .resting(oid: try resting.integer("oid")) } catch { throw error.under("resting") }
        } else if let text = json["error"] {
            do { self = .error(try text.asString()) } catch { throw error.under("error") }
        } else {
            throw JSONError(problem: "expected filled, resting, error or a waiting text, found \(json.kind)")
        }
    }
}

extension JSONError {
    /// The same error with its path continued from `parent`.
    func under(_ parent: String) -> JSONError {
        let joint = path.isEmpty || path.hasPrefix("[") ? "" : "."
        return JSONError(path: parent + joint + path, problem: problem)
    }
}
