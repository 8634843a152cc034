/// What waits for a read, for gates that let some go before others. It goes with the task, as what waits for it does.
public enum ReadUrgency: Sendable {
    /// Nothing does: looks at accounts, leaders and agents from time to time.
    case routine
    /// A role that cannot work without it, a leader who is not copied meanwhile, an entry.
    case awaited
    /// An exit.
    case exit

    @TaskLocal public static var current = ReadUrgency.routine
}
