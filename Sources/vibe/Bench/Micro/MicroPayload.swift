import CopyTrading

/// Entries like those of a fleet, for measurements that have none.
enum MicroPayload {
    /// The record of a request with its signal, about as long as a real one.
    static let request = Array(
        """
        {"id":"9f3c1a7e5b2d4860c1a7e5b2d48609f3","subscription":"sub-0001/lead-0001","subscriber":"sub-0001",\
        "account":"0x20bc9cd229dfd681740834d9b4f55641ce435da3","configVersion":17,"place":3,"of":10,"signal":{"id":\
        "4dfc71f6e469c9314f76044075b1e402","influencer":"lead-0001","network":"mainnet","coin":"SYN0001","tier":1,"legs":[{"action":"open",\
        "side":"B","sz":"1","from":"0","to":"1"}],"px":"51.02","firstFill":2251799813685248,"lastFill":2251799813685248,"fillMs":1784684116576,\
        "receivedUs":1784684116580123,"position":"1","crossed":true,"hash":"0x4dfc71f6e469c9314f76044075b1e402019a00dc7f6ce803f1c51d49a36da31b"}}
        """.utf8)

    static let fields: [(name: String, value: [UInt8])] = [
        ("seq", Array("123456".utf8)), ("id", Array("9f3c1a7e5b2d4860c1a7e5b2d48609f3".utf8)), ("subscriber", Array("sub-0001".utf8)),
        ("coin", Array("SYN0001".utf8)), ("action", Array("open".utf8)), ("trace", Array("4dfc71f6e469c9314f76044075b1e402".utf8)), ("data", request),
    ]

    /// A result of number `number`.
    static func result(_ number: Int) -> ExecutionResult {
        ExecutionResult(
            job: JobID("job-\(number)"), request: RequestID("request-\(number)"), signal: SignalID("signal-\(number / 10)"),
            subscription: "sub-0001/lead-0001", subscriber: "sub-0001", account: "0x20bc9cd229dfd681740834d9b4f55641ce435da3",
            influencer: "lead-0001", coin: "SYN0001", action: .open, side: .buy, outcome: .filled, requestedSize: Size(1), filledSize: Size(1),
            averagePrice: Price(51), position: Size(1), cloid: ClientOrderID("0x4dfc71f6e469c9314f76044075b1e402"), attempts: 1,
            limit: Price(52), reduceOnly: false,
            times: .init(
                received: 1_784_684_116_580_123, planned: 1_784_684_116_582_123, prepared: 1_784_684_116_583_123, sent: 1_784_684_116_584_123,
                acknowledged: 1_784_684_116_589_123))
    }
}
