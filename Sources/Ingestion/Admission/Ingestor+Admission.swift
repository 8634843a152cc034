import CopyTrading
import Logging
import RedisStreams

/// Under load entries are shed at the door, where that is cheapest: before one signal has become a thousand requests.
extension Ingestor {
    /// Looks how much the pipeline has before it. While it cannot be read, the last level stands.
    func admissionLoop() async {
        while !Task.isCancelled {
            do {
                let load = try await PipelineLoad.read(redis, keys)
                if admission.update(load) { reportAdmission(load) }
            } catch { logger.warning("admission.unread", metadata: ["error": "\(error)", "level": "\(admission.level.rawValue)"]) }
            try? await Task.sleep(for: configuration.admissionEvery)  // ends early only when cancelled
        }
    }

    private func reportAdmission(_ load: PipelineLoad) {
        let level: Logger.Level = admission.level == .open ? .notice : admission.level == .closing ? .critical : .error
        logger.log(
            level: level, "admission.changed",
            metadata: [
                "level": "\(admission.level.rawValue)", "backlog": "\(load.backlog)", "memory": "\(load.memoryPercent) %", "shed": "\(shed)",
            ])
    }

    /// The signal as it is published now. Of one that both gives up and adds the second part alone is shed, by the planner.
    func admitted(_ signal: Signal) -> Signal {
        guard admission.level > .open, signal.legs.contains(where: \.action.isEntry) else { return signal }
        var signal = signal
        signal.isShed = true
        shed += 1
        return signal
    }
}
