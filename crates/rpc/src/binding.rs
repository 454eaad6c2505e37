//! The proof that whoever binds a temporary key holds the permanent one too.

use mtproto::AuthKey;
use mtproto::bind::{self, Binding};

/// What `auth.bindTempAuthKey` says, and where it came from.
pub struct Claim {
    pub temp_key_id: i64,
    pub session_id: i64,
    pub msg_id: i64,
    pub nonce: i64,
    pub expires_at: i32,
    pub encrypted_message: Vec<u8>,
}

impl Claim {
    /// Whether the encrypted message was made with this permanent key, for this very claim.
    pub fn holds(&self, perm_key: &[u8; 256]) -> bool {
        let binding = Binding {
            temp_auth_key_id: self.temp_key_id,
            temp_session_id: self.session_id,
            nonce: self.nonce,
            expires_at: self.expires_at,
        };
        bind::verify(&AuthKey::new(perm_key), &binding, self.msg_id, &self.encrypted_message).is_ok()
    }
}
