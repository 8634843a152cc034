import Cryptography
import JSON
import Testing

@testable import Hyperliquid

/// Every record of signing_vectors.json: the official SDK's own, another client's, and generated ones.
@Suite("Signing vectors")
struct SigningVectorTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let json: JSON
        var testDescription: String { (try? json.string("name")) ?? "unnamed" }
    }

    static let all: [Vector] = {
        do {
            let file = try Fixture.json("signing_vectors.json")
            return try ["sdkTests", "crossChecked", "generated"].flatMap { try file.array($0).map(Vector.init) }
        } catch { fatalError("\(error)") }
    }()
    static let l1 = all.filter { $0.json["kind"] != "userSigned" }
    static let userSigned = all.filter { $0.json["kind"] == "userSigned" }

    @Test("all three groups are there")
    func completeness() {
        #expect(Self.all.count == 57)
        #expect(Self.l1.count == 48 && Self.userSigned.count == 9)
    }

    @Test("an L1 action gives the vector's msgpack, connection id and signature", arguments: l1)
    func l1Action(vector: Vector) throws {
        let json = vector.json
        let action = try json.field("action")
        #expect(try JSON.parse(json.string("actionJson")) == action)
        #expect(try "0x" + Hexadecimal.text(MessagePack.encode(action)) == json.string("msgpackHex"))
        let nonce = try UInt64(json.integer("nonce"))
        let vault = try json.maybe("vaultAddress") { value throws(JSONError) in try value.asString() }
        let expiry = try json.maybe("expiresAfter") { value throws(JSONError) in UInt64(try value.asInteger()) }
        let connectionID = try ActionHash.connectionID(action: action, nonce: nonce, vaultAddress: vault, expiresAfter: expiry)
        #expect("0x" + Hexadecimal.text(connectionID) == (try json.string("connectionId")))
        guard json["kind"] == "l1" else { return }

        let key = try SigningKey(hexadecimal: json.string("privateKey"))
        #expect(key.address == (try json.string("address")))
        let network = try #require(Network(rawValue: json.string("network")))
        let signed = try SignedAction.sign(
            action: action, nonce: nonce, vaultAddress: vault, expiresAfter: expiry, network: network, key: key)
        #expect(signed.connectionID == connectionID)
        #expect(signed.signature.json == (try json.field("signaturePadded")))
        #expect(signed.signature == (try RecoverableSignature(json: json.field("signature"))))
        let body = try JSON.parse(signed.body)
        #expect(try body.field("action") == action)
        #expect(try UInt64(body.integer("nonce")) == nonce)
        #expect(body["vaultAddress"] == json["vaultAddress"] && body["expiresAfter"] == json["expiresAfter"])
    }

    @Test("a user-signed action gives the vector's domain, struct hash, digest and signature", arguments: userSigned)
    func userSignedAction(vector: Vector) throws {
        let json = vector.json
        let action = try json.field("action")
        let type = try #require(UserSignedAction.PrimaryType(typeName: json.string("primaryType")))
        let fields = try json.list("types") { field throws(JSONError) in
            TypedData.Field(try field.string("name"), try field.string("type"))
        }
        #expect([TypedData.Field("hyperliquidChain", "string")] + type.hashedFields == fields)
        let chain = try UInt64(json.field("domain").integer("chainId"))
        let separator = TypedData.domainSeparator(name: try json.field("domain").string("name"), chainID: chain)
        #expect("0x" + Hexadecimal.text(separator) == (try json.string("eip712DomainSeparator")))
        let hash = try TypedData.structHash(typeName: json.string("primaryType"), fields: fields, values: action)
        #expect("0x" + Hexadecimal.text(hash) == (try json.string("eip712StructHash")))
        let digest = try UserSignedAction.digest(action: action, as: type)
        #expect("0x" + Hexadecimal.text(digest) == (try json.string("eip712Digest")))
        let key = try SigningKey(hexadecimal: json.string("privateKey"))
        #expect(key.sign(digest: digest).json == (try json.field("signaturePadded")))
        guard action["type"] != nil else { return }
        #expect(try SignedAction.sign(userAction: action, key: key).signature.json == json.field("signaturePadded"))
    }

    @Test("every record is a signing request as it stands", arguments: all)
    func signingRequest(vector: Vector) throws {
        let json = vector.json
        let key = try SigningKey(hexadecimal: json["privateKey"]?.asString() ?? String(repeating: "11", count: 32))
        let report = try SigningRequest(json: json).sign(key: key).json
        #expect(try report.string("address") == key.address)
        #expect(report["connectionId"] == json["connectionId"])
        #expect(report["digest"] == json["eip712Digest"])
        guard let signature = json["signaturePadded"] else { return }
        #expect(report["r"] == signature["r"] && report["s"] == signature["s"] && report["v"] == signature["v"])
    }

    @Test("real testnet requests recover to the signers the venue saw")
    func recordedRequests() throws {
        let records = try Fixture.json("recorded/testnet_signed_requests.json").array("records")
        #expect(records.count == 7)
        for record in records {
            let action = try record.field("action")
            let digest: [UInt8]
            if record["kind"] == "l1" {
                let expiry = try record.maybe("expiresAfter") { value throws(JSONError) in UInt64(try value.asInteger()) }
                let connectionID = try ActionHash.connectionID(
                    action: action, nonce: UInt64(record.integer("nonce")), vaultAddress: nil, expiresAfter: expiry)
                #expect("0x" + Hexadecimal.text(connectionID) == (try record.string("connectionId")))
                digest = ActionHash.agentDigest(connectionID: connectionID, network: .testnet)
            } else {
                digest = try UserSignedAction.digest(action: action)
            }
            let signature = try RecoverableSignature(json: record.field("signature"))
            #expect(signature.recoverAddress(digest: digest) == (try record.string("expectedSigner")))
            _ = try ExchangeAnswer(json: record.field("response"))
        }
    }
}
