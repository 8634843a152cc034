import CMalloc

/// What the allocator keeps of a burst for a next one: glibc returns by itself only what lies at the end of an arena, and a backlog of jobs
/// taken over at once leaves hundreds of megabytes below it (malloc_trim(3)).
enum SpareMemory {
    static let interval = Duration.seconds(15)

    /// Returns it to the kernel, again and again until it is cancelled.
    static func giveBack() async {
        while (try? await Task.sleep(for: interval)) != nil { malloc_trim(0) }  // the sleep ends early only when cancelled
    }
}
