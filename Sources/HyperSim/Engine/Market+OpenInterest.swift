import CopyTrading

extension Market {
    var isAtOpenInterestCap: Bool { rules.openInterestCap.map { Money.product(mark, openInterest) >= $0 } ?? false }
}
