import Redis
import Settings

extension RedisEndpoint {
    /// - Throws: `.invalidEndpoint` when the URL cannot be read.
    init(_ settings: Settings.Redis) throws(RedisError) {
        try self.init(parsing: settings.url)
        if let password = settings.password { self.password = password.reveal() }
        tls?.authorityFile = settings.authorityFile
        tls?.certificateFile = settings.certificateFile
        tls?.keyFile = settings.keyFile
    }
}
