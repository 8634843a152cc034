import JSON

/// A kind of information request: what it weighs against the limit of its sender, and what answers it.
struct InfoKind: Sendable {
    typealias Answer = @Sendable (InfoQuery) -> (inout WireWriter) throws(JSONError) -> Void
    typealias ListAnswer = @Sendable (InfoQuery) -> (inout WireWriter) throws(JSONError) -> Int

    /// Weight of the request itself.
    let weight: Int
    /// So many items of the answer weigh 1 more.
    let itemsPerWeight: Int?
    private let write: @Sendable (InfoQuery, inout WireWriter) throws(JSONError) -> Int

    init(weight: Int = 20, _ answer: @escaping Answer) {
        self.weight = weight
        itemsPerWeight = nil
        write = { query, writer throws(JSONError) in
            try answer(query)(&writer)
            return 0
        }
    }

    /// - Parameter itemsPerWeight: the answer is a list that weighs by its length, too.
    init(weight: Int = 20, itemsPerWeight: Int, _ answer: @escaping ListAnswer) {
        self.weight = weight
        self.itemsPerWeight = itemsPerWeight
        write = { query, writer throws(JSONError) in try answer(query)(&writer) }
    }

    /// - Returns: the weight of the answer beyond the request's own.
    func answer(_ query: InfoQuery, to writer: inout WireWriter) throws(JSONError) -> Int {
        let items = try write(query, &writer)
        return itemsPerWeight.map { items / $0 } ?? 0
    }

    /// By the request's `type`.
    static let table: [String: InfoKind] = [
        "meta": InfoKind(InfoQuery.meta),
        "metaAndAssetCtxs": InfoKind(InfoQuery.metaAndAssetContexts),
        "allPerpMetas": InfoKind(InfoQuery.allMetas),
        "allMids": InfoKind(weight: 2, InfoQuery.allMids),
        "perpDexs": InfoKind(InfoQuery.dexes),
        "marginTable": InfoKind(InfoQuery.marginTable),
        "spotMeta": InfoKind(InfoQuery.spotMeta),
        "spotMetaAndAssetCtxs": InfoKind(InfoQuery.spotMetaAndAssetContexts),
        "perpsAtOpenInterestCap": InfoKind(InfoQuery.marketsAtOpenInterestCap),
        "exchangeStatus": InfoKind(weight: 2, InfoQuery.exchangeStatus),
        "maxMarketOrderNtls": InfoKind(InfoQuery.maximumMarketOrders),
        "perpDeployAuctionStatus": InfoKind(InfoQuery.deployAuction),
        "spotDeployState": InfoKind(InfoQuery.spotDeployState),

        "l2Book": InfoKind(weight: 2, InfoQuery.book),
        "recentTrades": InfoKind(itemsPerWeight: 20, InfoQuery.recentTrades),
        "candleSnapshot": InfoKind(itemsPerWeight: 60, InfoQuery.candles),
        "fundingHistory": InfoKind(itemsPerWeight: 20, InfoQuery.fundingHistory),
        "predictedFundings": InfoKind(InfoQuery.predictedFundings),

        "clearinghouseState": InfoKind(weight: 2, InfoQuery.clearinghouseState),
        "spotClearinghouseState": InfoKind(weight: 2, InfoQuery.spotState),
        "userAbstraction": InfoKind(InfoQuery.abstraction),
        "userDexAbstraction": InfoKind(InfoQuery.dexAbstraction),
        "activeAssetData": InfoKind(InfoQuery.activeAssetData),
        "portfolio": InfoKind(InfoQuery.portfolio),
        "userRateLimit": InfoKind(InfoQuery.rateLimit),
        "userFees": InfoKind(InfoQuery.fees),
        "maxBuilderFee": InfoKind(InfoQuery.maximumBuilderFee),
        "approvedBuilders": InfoKind(InfoQuery.approvedBuilders),
        "referral": InfoKind(InfoQuery.referral),

        "openOrders": InfoKind(InfoQuery.openOrders),
        "frontendOpenOrders": InfoKind(InfoQuery.detailedOpenOrders),
        "orderStatus": InfoKind(weight: 2, InfoQuery.orderStatus),
        "historicalOrders": InfoKind(itemsPerWeight: 20, InfoQuery.historicalOrders),
        "userFills": InfoKind(itemsPerWeight: 20, InfoQuery.newestFills),
        "userFillsByTime": InfoKind(itemsPerWeight: 20, InfoQuery.fillsByTime),
        "userTwapSliceFills": InfoKind(itemsPerWeight: 20, InfoQuery.newestSliceFills),
        "userTwapSliceFillsByTime": InfoKind(itemsPerWeight: 20, InfoQuery.sliceFillsByTime),
        "userFunding": InfoKind(itemsPerWeight: 20, InfoQuery.fundingPayments),
        "userNonFundingLedgerUpdates": InfoKind(itemsPerWeight: 20, InfoQuery.ledgerUpdates),

        "userRole": InfoKind(weight: 60, InfoQuery.role),
        "extraAgents": InfoKind(InfoQuery.extraAgents),
        "subAccounts": InfoKind(InfoQuery.subAccounts),
        "subAccounts2": InfoKind(InfoQuery.subAccountsByDex),
        "userToMultiSigSigners": InfoKind(InfoQuery.nothing),
        "vaultDetails": InfoKind(InfoQuery.vaultDetails),
        "userVaultEquities": InfoKind(InfoQuery.emptyList),
        "leadingVaults": InfoKind(InfoQuery.emptyList),
        "delegatorSummary": InfoKind(InfoQuery.stakingSummary),
        "delegations": InfoKind(InfoQuery.emptyList),
        "delegatorRewards": InfoKind(itemsPerWeight: 20, InfoQuery.noItems),
        "delegatorHistory": InfoKind(itemsPerWeight: 20, InfoQuery.noItems),
    ]
}
