import CopyTrading
import JSON

extension Candle {
    /// `{"t","T","s","i","o","c","h","l","v","n"}`, as in candleSnapshot and the `candle` channel.
    func write(_ coin: String, _ interval: CandleInterval, to writer: inout WireWriter) {
        writer.raw(#"{"t":"#)
        writer.integer(start)
        writer.raw(#","T":"#)
        writer.integer(interval.end(of: start) - 1)
        writer.raw(#","s":"#)
        writer.plain(coin)
        writer.raw(#","i":"#)
        writer.plain(interval.rawValue)
        writer.raw(#","o":"#)
        writer.decimal(open)
        writer.raw(#","c":"#)
        writer.decimal(close)
        writer.raw(#","h":"#)
        writer.decimal(high)
        writer.raw(#","l":"#)
        writer.decimal(low)
        writer.raw(#","v":"#)
        writer.decimal(volume)
        writer.raw(#","n":"#)
        writer.integer(trades)
        writer.raw("}")
    }
}

extension CandleInterval {
    init(json: JSON) throws(JSONError) {
        let text = try json.asString()
        guard let interval = CandleInterval(rawValue: text) else { throw JSONError(problem: "\(text) is no interval of candles") }
        self = interval
    }
}
