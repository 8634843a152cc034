import Glibc

/// Runs an actor's work on one operating-system thread of its own.
///
/// An actor around a blocking C handle uses it as its executor: the handle never leaves the thread, and a call that blocks
/// holds up this thread alone, never the cooperative pool (which is as wide as the machine has cores).
public final class ThreadExecutor: SerialExecutor {
    private let queue = JobQueue()

    /// - Parameter name: shown by `top -H`; cut to 15 bytes.
    public init(name: String) {
        let start = ThreadStart(queue: queue, executor: Unmanaged.passUnretained(self), name: String(name.utf8.prefix(15)) ?? "vibe")
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, threadMain, Unmanaged.passRetained(start).toOpaque())
        precondition(status == 0, "cannot start a thread: \(String(cString: strerror(status)))")
        pthread_detach(thread)
    }

    public func enqueue(_ job: consuming ExecutorJob) { queue.push(UnownedJob(job)) }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// The thread ends once what is queued has run.
    deinit { queue.stop() }
}

private final class ThreadStart {
    let queue: JobQueue
    /// Unretained: jobs keep their actor alive, the actor keeps the executor alive, and the thread must not.
    let executor: Unmanaged<ThreadExecutor>
    let name: String

    init(queue: JobQueue, executor: Unmanaged<ThreadExecutor>, name: String) {
        self.queue = queue
        self.executor = executor
        self.name = name
    }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    let start = Unmanaged<ThreadStart>.fromOpaque(argument!).takeRetainedValue()
    nameThread(start.name)
    let queue = start.queue
    while let job = queue.pop() {
        job.runSynchronously(on: UnownedSerialExecutor(ordinary: start.executor._withUnsafeGuaranteedRef { $0 }))
    }
    return nil
}

/// Glibc's own call for this is not visible to Swift; the kernel's file does the same. A nameless thread works as well.
private func nameThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY)
    guard file >= 0 else { return }
    _ = write(file, name, name.utf8.count)
    close(file)
}

/// Unbounded by design: the bound is the number of tasks awaiting the actor, each of which waits for its own call.
///
/// `@unchecked`: every access to `jobs` and `stopped` is under `mutex`.
private final class JobQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [UnownedJob] = []
    private var head = 0
    private var stopped = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        mutex.deallocate()
    }

    func push(_ job: UnownedJob) {
        pthread_mutex_lock(mutex)
        jobs.append(job)
        pthread_cond_signal(filled)
        pthread_mutex_unlock(mutex)
    }

    /// Blocks until there is a job; `nil` once stopped and empty.
    func pop() -> UnownedJob? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while head == jobs.count {
            if stopped { return nil }
            pthread_cond_wait(filled, mutex)
        }
        let job = jobs[head]
        head += 1
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            head = 0
        }
        return job
    }

    func stop() {
        pthread_mutex_lock(mutex)
        stopped = true
        pthread_cond_signal(filled)
        pthread_mutex_unlock(mutex)
    }
}
