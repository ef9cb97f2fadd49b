//! What tests share.

pub mod cluster {
    /// The URL of a server whose databases may be made and dropped at will.
    pub fn admin_url() -> String {
        std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names a throw-away server")
    }
}

pub mod database;
pub mod server;
