/// The Lua scripts of this folder, embedded at build time. Each is documented in its own header.
public enum LuaScripts {
    public static let acquireLease = text(PackageResources.acquire_lease_2_lua)
    public static let acknowledgeEntries = text(PackageResources.acknowledge_entries_3_lua)
    public static let beginAttempts = text(PackageResources.begin_attempts_lua)
    public static let fanOutSignal = text(PackageResources.fan_out_signal_lua)
    public static let handOff = text(PackageResources.hand_off_lua)
    public static let joinStage = text(PackageResources.join_stage_1_lua)
    public static let latchLevel = text(PackageResources.latch_level_1_lua)
    public static let latchProvisionally = text(PackageResources.latch_provisionally_1_lua)
    public static let penaliseBucket = text(PackageResources.penalise_bucket_1_lua)
    public static let provisionStream = text(PackageResources.provision_stream_3_lua)
    public static let publishSignals = text(PackageResources.publish_signals_6_lua)
    public static let recordAccount = text(PackageResources.record_account_lua)
    public static let recordLeaderOrders = text(PackageResources.record_leader_orders_2_lua)
    public static let releaseLease = text(PackageResources.release_lease_1_lua)
    public static let renewLeases = text(PackageResources.renew_leases_lua)
    public static let resolveDeadLetter = text(PackageResources.resolve_dead_letter_5_lua)
    public static let restoreStream = text(PackageResources.restore_stream_3_lua)
    public static let seeCell = text(PackageResources.see_cell_lua)
    public static let setCell = text(PackageResources.set_cell_lua)
    public static let settleLatch = text(PackageResources.settle_latch_1_lua)
    public static let takeOverPartition = text(PackageResources.take_over_partition_2_lua)
    public static let takeTokens = text(PackageResources.take_tokens_1_lua)
    public static let trimStream = text(PackageResources.trim_stream_1_lua)
    public static let updateUserSlots = text(PackageResources.update_user_slots_1_lua)

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
