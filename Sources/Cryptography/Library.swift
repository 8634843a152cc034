import COpenSSL

/// The library behind this module.
public enum CryptographyLibrary {
    /// Keeps it usable while the process exits: its own clean-up at that point pulls the ground from under threads that are at work, such
    /// as one that opens sealed keys, and the process ends with a segmentation fault instead of its exit code. Before anything else uses
    /// it, libpq included (OPENSSL_init_crypto(3), OPENSSL_INIT_NO_ATEXIT).
    public static func stayUsableAtExit() throws(CryptographyError) {
        guard OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1 else { throw .libraryFailure("OPENSSL_init_crypto") }
    }
}
