import COpenSSL

/// AES-256-GCM (NIST SP 800-38D): seals secrets before they reach a database.
///
/// Sealed form: nonce (12 bytes, random) ‖ cipher text ‖ tag (16). The associated data is not stored; naming the row there makes a
/// sealed value useless in any other row. Random nonces are safe for 2^32 seals under one key.
public enum AES256GCM {
    public static let keyByteCount = 32
    static let nonceByteCount = 12
    static let tagByteCount = 16

    /// 32 random bytes.
    public static func makeKey() throws(CryptographyError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: keyByteCount)
        guard RAND_bytes(&key, Int32(keyByteCount)) == 1 else { throw .libraryFailure("RAND_bytes") }
        return key
    }

    /// Overwrites bytes that were secret, before their memory is used for something else.
    public static func erase(_ bytes: inout [UInt8]) { OPENSSL_cleanse(&bytes, bytes.count) }

    public static func seal(_ plain: [UInt8], key: [UInt8], associatedData: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let cipher = try Cipher(key: key)
        var nonce = [UInt8](repeating: 0, count: nonceByteCount)
        guard RAND_bytes(&nonce, Int32(nonceByteCount)) == 1 else { throw .libraryFailure("RAND_bytes") }
        try check(EVP_EncryptInit_ex(cipher.context, EVP_aes_256_gcm(), nil, key, nonce), "EVP_EncryptInit_ex")

        var written: Int32 = 0
        try check(EVP_EncryptUpdate(cipher.context, nil, &written, associatedData, Int32(associatedData.count)), "associated data")
        var text = [UInt8](repeating: 0, count: plain.count + tagByteCount)
        try check(EVP_EncryptUpdate(cipher.context, &text, &written, plain, Int32(plain.count)), "EVP_EncryptUpdate")
        var last: Int32 = 0
        var tail = [UInt8](repeating: 0, count: tagByteCount)
        try check(EVP_EncryptFinal_ex(cipher.context, &tail, &last), "EVP_EncryptFinal_ex")
        try check(vibe_gcm_get_tag(cipher.context, Int32(tagByteCount), &tail), "tag")
        return nonce + text.prefix(plain.count) + tail
    }

    /// - Throws: ``CryptographyError/authenticationFailed`` unless key, associated data and every byte are those of the sealing.
    public static func open(_ sealed: [UInt8], key: [UInt8], associatedData: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let cipher = try Cipher(key: key)
        guard sealed.count >= nonceByteCount + tagByteCount else { throw .sealedTooShort(sealed.count) }
        let nonce = Array(sealed.prefix(nonceByteCount))
        let text = Array(sealed[nonceByteCount..<sealed.count - tagByteCount])
        var tag = Array(sealed.suffix(tagByteCount))
        try check(EVP_DecryptInit_ex(cipher.context, EVP_aes_256_gcm(), nil, key, nonce), "EVP_DecryptInit_ex")

        var written: Int32 = 0
        try check(EVP_DecryptUpdate(cipher.context, nil, &written, associatedData, Int32(associatedData.count)), "associated data")
        var plain = [UInt8](repeating: 0, count: text.count + tagByteCount)
        try check(EVP_DecryptUpdate(cipher.context, &plain, &written, text, Int32(text.count)), "EVP_DecryptUpdate")
        try check(vibe_gcm_set_tag(cipher.context, Int32(tagByteCount), &tag), "tag")
        var last: Int32 = 0
        var tail = [UInt8](repeating: 0, count: tagByteCount)
        guard EVP_DecryptFinal_ex(cipher.context, &tail, &last) == 1 else {
            OPENSSL_cleanse(&plain, plain.count)
            throw .authenticationFailed
        }
        // in place: of a copy the caller could erase only the one
        plain.removeLast(tagByteCount)
        return plain
    }

    private static func check(_ result: Int32, _ step: String) throws(CryptographyError) {
        guard result == 1 else { throw .libraryFailure(step) }
    }
}

/// Owns one OpenSSL cipher context; freeing it also erases the key schedule.
private struct Cipher: ~Copyable {
    let context: OpaquePointer

    init(key: [UInt8]) throws(CryptographyError) {
        guard key.count == AES256GCM.keyByteCount else { throw .invalidSealingKeyLength(key.count) }
        guard let context = EVP_CIPHER_CTX_new() else { throw .libraryFailure("EVP_CIPHER_CTX_new") }
        self.context = context
    }

    deinit { EVP_CIPHER_CTX_free(context) }
}
