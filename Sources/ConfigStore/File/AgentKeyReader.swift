import CopyTrading
import Settings

/// Collects agent keys: from a file each, from environment variables, or from one file for all. No fault shows a key.
struct AgentKeyReader {
    /// Bytes of the file for all: room for 100,000 subscribers.
    private static let largestFile = 16 * 1024 * 1024

    let path: String
    let environment: [String: String]
    let faults: FaultList
    private var keys: [SubscriberID: (key: AgentKey, place: Place)] = [:]

    init(path: String, environment: [String: String], faults: FaultList) {
        self.path = path
        self.environment = environment
        self.faults = faults
    }

    /// A subscriber's own `agent_key_file` or `agent_key_env`.
    mutating func read(_ subscriber: SubscriberID, file: (text: String, place: Place)?, variable: (text: String, place: Place)?) {
        if let file {
            if let variable { faults.add(variable.place, "a key is given by agent_key_file already") }
            do { add(try SecretFile.read(beside(file.text)), subscriber, file.place, source: file.text) } catch {
                faults.add(file.place, value: file.text, error.problem)
            }
        } else if let variable {
            guard let text = environment[variable.text] else {
                faults.add(variable.place, value: variable.text, "is not set in the environment")
                return
            }
            add(text, subscriber, variable.place, source: variable.text)
        }
    }

    /// The file of `agent_keys`: YAML, subscriber id → key.
    mutating func readFile(_ name: String, _ place: Place, known subscribers: [String: Int]) {
        let file = beside(name)
        let text: String
        do { text = try SecretFile.read(file, atMost: Self.largestFile) } catch {
            faults.add(place, value: name, error.problem)
            return
        }
        guard let root = YAMLDocument.root(of: text, file: file, faults) else { return }
        guard let mapping = root.mapping else {
            faults.add(Place(file: file, line: 1, field: ""), "expected a mapping (subscriber: key)")
            return
        }
        for (key, value) in mapping {
            let id = key.scalar?.string ?? "?"
            let place = Place(file: file, line: key.line, field: id)
            guard subscribers[id] != nil else {
                faults.add(place, "is not among the subscribers")
                continue
            }
            guard let text = value.scalar?.string else {
                faults.add(place, "is \(value.kindName), expected a key")
                continue
            }
            add(text, SubscriberID(id), place, source: nil)
        }
    }

    /// The keys and their places; two subscribers with one key are a fault, because an agent's nonces count across them.
    func finish() -> (keys: [SubscriberID: AgentKey], places: [SubscriberID: Place]) {
        var owners: [String: SubscriberID] = [:]
        for (subscriber, entry) in keys.sorted(by: { $0.key < $1.key }) {
            if let owner = owners[entry.key.address] {
                faults.add(
                    entry.place, "\(subscriber) has the agent key of \(owner): each needs its own, an agent's nonces have one writer")
            }
            owners[entry.key.address] = subscriber
        }
        return (keys.mapValues(\.key), keys.mapValues(\.place))
    }

    private mutating func add(_ text: String, _ subscriber: SubscriberID, _ place: Place, source: String?) {
        guard let key = AgentKey(parsing: text) else {
            faults.add(place, value: source, "\(source == nil ? "is not" : "does not hold") a private key: expected 64 hexadecimal digits")
            return
        }
        guard keys[subscriber] == nil else {
            faults.add(place, "\(subscriber) has a key already")
            return
        }
        keys[subscriber] = (key, place)
    }

    /// Relative names are relative to the configuration file.
    private func beside(_ name: String) -> String {
        guard !name.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return name }
        return path[...slash] + name
    }
}
