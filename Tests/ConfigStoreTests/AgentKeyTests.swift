import ConfigStore
import Foundation
import Testing

struct AgentKeyTests {
    private static let twoSubscribers = """
        influencers: []
        subscribers:
          - {id: s1, account: "\(Sample.address(1))"}
          - {id: s2, account: "\(Sample.address(2))"}
        subscriptions: []

        """

    @Test("keys come from a file each, from the environment, or from one file for all")
    func sources() throws {
        let sample = try Sample()
        try sample.write("keys/s1.key", "0x\(Sample.key(1))\n")
        let own = Self.twoSubscribers.replacingOccurrences(
            of: "\(Sample.address(1))\"", with: "\(Sample.address(1))\", agent_key_file: keys/s1.key")
        #expect(try sample.read(own).agentKeys.mapValues(\.address) == ["s1": Sample.agent(1)])
        try sample.write("agents.yaml", "s1: \(Sample.key(1))\ns2: \"0x\(Sample.key(2))\"\n")
        #expect(
            try sample.read(Self.twoSubscribers + "agent_keys: agents.yaml").agentKeys.mapValues(\.address)
                == ["s1": Sample.agent(1), "s2": Sample.agent(2)])
        #expect(sample.faults(own + "agent_keys: agents.yaml") == ["1 s1: s1 has a key already"])
    }

    @Test("a key file that others may read is refused")
    func modes() throws {
        let sample = try Sample()
        try sample.write("agents.yaml", "s1: \(Sample.key(1))\n", mode: 0o644)
        #expect(
            sample.faults(Self.twoSubscribers + "agent_keys: agents.yaml")
                == ["6 agent_keys: \"agents.yaml\" may be read by others (mode 644): chmod 600 it"])
        #expect(sample.faults(Self.twoSubscribers + "agent_keys: none.yaml") == ["6 agent_keys: \"none.yaml\" cannot be read"])
        #expect(sample.faults(Self.twoSubscribers + "agent_keys: keys") == ["6 agent_keys: \"keys\" is no regular file"])
    }

    @Test("of a link that leads to a key file the file counts")
    func links() throws {
        let sample = try Sample()
        try FileManager.default.createSymbolicLink(atPath: sample.folder + "/link.yaml", withDestinationPath: sample.folder + "/agents.yaml")
        try sample.write("agents.yaml", "s1: \(Sample.key(1))\n")
        #expect(try sample.read(Self.twoSubscribers + "agent_keys: link.yaml").agentKeys.mapValues(\.address) == ["s1": Sample.agent(1)])
        try sample.write("agents.yaml", "s1: \(Sample.key(1))\n", mode: 0o604)
        #expect(
            sample.faults(Self.twoSubscribers + "agent_keys: link.yaml")
                == ["6 agent_keys: \"link.yaml\" may be read by others (mode 604): chmod 600 it"])
    }

    @Test("two subscribers with one key are refused")
    func shared() throws {
        let sample = try Sample()
        try sample.write("agents.yaml", "s1: \(Sample.key(1))\ns2: \(Sample.key(1))\n")
        #expect(
            sample.faults(Self.twoSubscribers + "agent_keys: agents.yaml")
                == ["2 s2: s2 has the agent key of s1: each needs its own, an agent's nonces have one writer"])
    }

    @Test("R-92: no fault shows a key")
    func secret() throws {
        let sample = try Sample()
        let almost = "dead" + Sample.key(1)
        for text in [
            "s1: \(almost)\nstranger: \(almost)\ns2: [\(almost)]\n", "s1: \(almost)\n s2: \(almost)\n", almost,
            "s1: \(almost)\ns1: \(almost)\n",
        ] {
            try sample.write("agents.yaml", text)
            let faults = sample.faults(Self.twoSubscribers + "agent_keys: agents.yaml")
            #expect(!faults.isEmpty)
            #expect(!faults.joined().contains("dead"), "\(faults)")
        }
        let variable = Self.twoSubscribers.replacingOccurrences(
            of: "\(Sample.address(1))\"", with: "\(Sample.address(1))\", agent_key_env: K1")
        #expect(
            sample.faults(variable, environment: ["K1": almost])
                == ["3 subscribers[0].agent_key_env: \"K1\" does not hold a private key: expected 64 hexadecimal digits"])
        let file = try sample.read(variable, environment: ["K1": Sample.key(1)])
        var dumped = ""
        dump(file, to: &dumped)
        #expect(!(dumped + "\(file)" + String(reflecting: file)).contains(Sample.key(1)))
        #expect(!dumped.contains("UInt8"))
    }
}

struct SealingKeyTests {
    @Test("a sealing key is read as hexadecimal or base64")
    func forms() throws {
        let bytes = (0..<32).map { UInt8($0 * 7) }
        let hexadecimal = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(try SealingKey(parsing: hexadecimal).bytes == bytes)
        #expect(try SealingKey(parsing: "0x\(hexadecimal)\n").bytes == bytes)
        let base64 = Data(bytes).base64EncodedString()
        #expect(try SealingKey(parsing: base64).bytes == bytes)
        #expect(try SealingKey(parsing: String(base64.dropLast())).bytes == bytes)
        #expect("\(try SealingKey(bytes: bytes))" == "SealingKey")
    }

    @Test(
        "what is no sealing key is refused without being shown",
        arguments: ["", "dead", "dead-beef!", String(repeating: "de", count: 33), "deadbeef"])
    func refused(text: String) {
        let error = #expect(throws: ConfigStoreError.self) { try SealingKey(parsing: text) }
        #expect(!"\(error!)".contains("dead"))
        #expect("\(error!)".contains("openssl rand -hex 32"))
    }
}
