import JSON

/// The subscription to one user's fills, in the exchange's normalised form: lower-case address, defaults left out.
struct FeedSubscription: Hashable {
    let user: String

    init(user: String) { self.user = user.lowercased() }

    /// Reads a subscription as the exchange echoes it, defaults filled in; `nil` when it is another channel's or aggregates fills.
    init?(echo json: JSON) {
        guard json["type"] == "userFills", case .string(let user)? = json["user"] else { return nil }
        guard json["aggregateByTime"] == nil || json["aggregateByTime"] == false else { return nil }
        self.init(user: user)
    }

    func request(_ method: String) -> String {
        let request: JSON = ["method": .string(method), "subscription": ["type": "userFills", "user": .string(user)]]
        return request.text()
    }
}
