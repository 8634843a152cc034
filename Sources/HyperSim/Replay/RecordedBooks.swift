import CopyTrading
import JSON

/// Recorded order books: what the markets hold at the start, until their mids move.
///
/// File: `{"books":[{"coin","levels":[bids,asks],"szDecimals"?,"maxLeverage"?}]}`, or an array of such books; an answer of the exchange's l2Book
/// is one. Without `szDecimals` the size decimals are the most seen.
struct RecordedBooks {
    struct Book {
        var listing: Listing
        var levels: BookChange.Levels
    }

    let books: [Book]

    init(path: String) throws(HyperSimError) { self = try JSONFile.read(path, Self.init(json:)) }

    init(json: JSON) throws(JSONError) {
        if case .array = json { books = try json.map(Book.init(json:)) } else { books = try json.list("books", Book.init(json:)) }
    }

    /// Adds the coins of the books to `listings`, or their start price and their decimals to those that are there.
    func merged(into listings: [Listing]) -> [Listing] {
        var merged = listings
        for book in books {
            if let index = merged.firstIndex(where: { $0.coin == book.listing.coin }) {
                merged[index].price = book.listing.price
                merged[index].sizeDecimals = max(merged[index].sizeDecimals, book.listing.sizeDecimals)
            } else {
                merged.append(book.listing)
            }
        }
        return merged
    }

    func seed(_ universe: Universe) {
        for book in books {
            guard let market = universe.market(coin: book.listing.coin) else { preconditionFailure("\(book.listing.coin) was listed just before") }
            market.house.seed(bids: book.levels.bids, asks: book.levels.asks, mid: market.mid)
        }
    }
}

extension RecordedBooks.Book {
    init(json: JSON) throws(JSONError) {
        let coin = try json.string("coin")
        levels = try json.at("levels", BookChange.Levels.init(json:))
        guard let mid = levels.mid else { throw JSONError(path: "levels", problem: "\(coin): an empty book has no price to start with") }
        let decimals = json["szDecimals"] == nil ? nil : try Listing.sizeDecimals(json)
        let leverage = json["maxLeverage"] == nil ? nil : try Listing.leverage(json)
        let isMain = Universe.dexName(of: coin).isEmpty
        listing = Listing(
            coin: coin, price: mid, sizeDecimals: decimals ?? (levels.bids + levels.asks).map { Self.decimals(of: $0.size) }.max() ?? 0,
            maximumLeverage: leverage ?? (isMain ? RecordedFills.mainDexLeverage : RecordedFills.builderDexLeverage))
    }

    private static func decimals(of size: Size) -> Int {
        var decimals = 8
        while decimals > 0, size.e8 % PowerOfTen[8 - decimals + 1] == 0 { decimals -= 1 }
        return decimals
    }
}
