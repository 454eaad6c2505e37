//! Tying a temporary key to a permanent one: the encrypted message inside `auth.bindTempAuthKey`.
//!
//! It is the last place where MTProto 1.0 encryption lives. The method itself travels under the
//! temporary key; the message inside is encrypted under the permanent key and so proves that the client
//! holds both.
//!
//! Source: API, "auth.bindTempAuthKey"; MTProto, "Perfect forward secrecy".

use crypto::aes::{BLOCK, ige_decrypt, ige_encrypt};
use crypto::hash::sha1;
use crypto::kdf::message_keys_v1;
use crypto::{AuthKey, ConstantTimeEq, RandomSource, Side};
use tl::service::BindAuthKeyInner;
use tl::{Decode, Encode, Reader, Writer};

/// 16 random bytes, message identifier, sequence number, length.
const HEADER: usize = 32;
/// The whole `bind_auth_key_inner`.
const INNER: usize = 40;
/// Key identifier and message key.
const OUTER: usize = 24;
const ENCRYPTED: usize = (HEADER + INNER).next_multiple_of(BLOCK);

/// What the method says about the binding; the encrypted message must say the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    pub temp_auth_key_id: i64,
    /// The session that the method travels in.
    pub temp_session_id: i64,
    pub nonce: i64,
    /// Unix seconds.
    pub expires_at: i32,
}

/// Why a temporary key is not bound. The client is answered `400 ENCRYPTED_MESSAGE_INVALID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    #[error("an encrypted message of {length} bytes")]
    Length { length: usize },
    #[error("the message is encrypted under another key")]
    AnotherKey,
    #[error("the message key does not belong to the content")]
    MsgKey,
    #[error("the message inside has another identifier than the message around it")]
    MsgId,
    #[error("the message inside is not bind_auth_key_inner")]
    NotInner,
    #[error("the nonce is another one")]
    Nonce,
    #[error("the temporary key is another one")]
    TempKey,
    #[error("the permanent key is another one")]
    PermKey,
    #[error("the session is another one")]
    Session,
    #[error("the time of expiry is another one")]
    ExpiresAt,
}

/// Checks the `encrypted_message` of `auth.bindTempAuthKey` that came in the message `msg_id`.
pub fn verify(perm: &AuthKey, binding: &Binding, msg_id: i64, encrypted: &[u8]) -> Result<(), BindError> {
    let length = encrypted.len();
    if length != OUTER + ENCRYPTED {
        return Err(BindError::Length { length });
    }
    if encrypted[..8] != perm.id().to_le_bytes() {
        return Err(BindError::AnotherKey);
    }
    let msg_key: [u8; 16] = encrypted[8..OUTER].try_into().expect("sixteen bytes");
    let mut plain: [u8; ENCRYPTED] = encrypted[OUTER..].try_into().expect("the length was checked");
    let keys = message_keys_v1(perm, Side::Client, &msg_key);
    ige_decrypt(&keys.key, &keys.iv, &mut plain);
    // Version 1.0 does not cover the padding.
    if !bool::from(sha1(&[&plain[..HEADER + INNER]])[4..].ct_eq(&msg_key)) {
        return Err(BindError::MsgKey);
    }

    let mut r = Reader::new(&plain[16..HEADER + INNER]);
    let inner =
        (|| Ok::<_, tl::DecodeError>((r.i64()?, r.i32()?, r.i32()?, BindAuthKeyInner::decode(&mut r)?)))();
    let Ok((inner_msg_id, _seq_no, inner_length, inner)) = inner else { return Err(BindError::NotInner) };
    let checks = [
        (inner_length == INNER as i32, BindError::NotInner),
        (inner_msg_id == msg_id, BindError::MsgId),
        (inner.nonce == binding.nonce, BindError::Nonce),
        (inner.temp_auth_key_id == binding.temp_auth_key_id, BindError::TempKey),
        (inner.perm_auth_key_id == perm.id(), BindError::PermKey),
        (inner.temp_session_id == binding.temp_session_id, BindError::Session),
        (inner.expires_at == binding.expires_at, BindError::ExpiresAt),
    ];
    checks.into_iter().find(|(good, _)| !good).map_or(Ok(()), |(_, error)| Err(error))
}

/// Makes the `encrypted_message`, for the client role. `msg_id` is that of the message that will carry
/// the method.
pub fn seal(perm: &AuthKey, binding: &Binding, msg_id: i64, random: &mut dyn RandomSource) -> Vec<u8> {
    let inner = BindAuthKeyInner {
        nonce: binding.nonce,
        temp_auth_key_id: binding.temp_auth_key_id,
        perm_auth_key_id: perm.id(),
        temp_session_id: binding.temp_session_id,
        expires_at: binding.expires_at,
    };
    let mut w = Writer::new(0);
    w.raw(&[0; 16]);
    w.i64(msg_id);
    w.i32(0);
    w.i32(INNER as i32);
    inner.encode(&mut w).expect("service types have a form in every layer");
    let mut plain = w.into_bytes();
    plain.resize(ENCRYPTED, 0);
    random.fill(&mut plain[..16]);
    random.fill(&mut plain[HEADER + INNER..]);

    let msg_key: [u8; 16] = sha1(&[&plain[..HEADER + INNER]])[4..].try_into().expect("sixteen bytes");
    let keys = message_keys_v1(perm, Side::Client, &msg_key);
    ige_encrypt(&keys.key, &keys.iv, &mut plain);
    [&perm.id().to_le_bytes()[..], &msg_key, &plain].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::util::Seeded;

    const MSG_ID: i64 = 7_300_000_000_000_000_004;

    fn binding() -> Binding {
        Binding { temp_auth_key_id: 11, temp_session_id: 22, nonce: 33, expires_at: 1_800_000_000 }
    }

    #[test]
    fn what_one_side_seals_the_other_takes() {
        let perm = AuthKey::new(&[3; 256]);
        let encrypted = seal(&perm, &binding(), MSG_ID, &mut Seeded::new(1));
        assert_eq!(verify(&perm, &binding(), MSG_ID, &encrypted), Ok(()));
    }

    #[test]
    fn every_field_counts() {
        let perm = AuthKey::new(&[3; 256]);
        let encrypted = seal(&perm, &binding(), MSG_ID, &mut Seeded::new(2));
        let check = |binding: Binding, msg_id, expected| {
            assert_eq!(verify(&perm, &binding, msg_id, &encrypted), Err(expected));
        };
        check(Binding { temp_auth_key_id: 0, ..binding() }, MSG_ID, BindError::TempKey);
        check(Binding { temp_session_id: 0, ..binding() }, MSG_ID, BindError::Session);
        check(Binding { nonce: 0, ..binding() }, MSG_ID, BindError::Nonce);
        check(Binding { expires_at: 0, ..binding() }, MSG_ID, BindError::ExpiresAt);
        check(binding(), MSG_ID + 4, BindError::MsgId);
    }

    #[test]
    fn strange_bytes_are_refused() {
        let perm = AuthKey::new(&[3; 256]);
        let encrypted = seal(&perm, &binding(), MSG_ID, &mut Seeded::new(3));
        let other = seal(&AuthKey::new(&[4; 256]), &binding(), MSG_ID, &mut Seeded::new(3));
        let check = |bytes: &[u8], expected| {
            assert_eq!(verify(&perm, &binding(), MSG_ID, bytes), Err(expected));
        };
        check(&[], BindError::Length { length: 0 });
        check(&encrypted[..103], BindError::Length { length: 103 });
        check(&[&encrypted[..], &[0; 16]].concat(), BindError::Length { length: 120 });
        check(&other, BindError::AnotherKey);
        for at in 8..encrypted.len() - BLOCK {
            let mut changed = encrypted.clone();
            changed[at] ^= 1;
            check(&changed, BindError::MsgKey);
        }
    }

    #[test]
    fn another_object_inside_is_refused() {
        let perm = AuthKey::new(&[3; 256]);
        let mut plain = vec![0; ENCRYPTED];
        plain[16..24].copy_from_slice(&MSG_ID.to_le_bytes());
        plain[28..32].copy_from_slice(&40_i32.to_le_bytes());
        let msg_key: [u8; 16] = sha1(&[&plain[..72]])[4..].try_into().unwrap();
        let keys = message_keys_v1(&perm, Side::Client, &msg_key);
        ige_encrypt(&keys.key, &keys.iv, &mut plain);
        let encrypted = [&perm.id().to_le_bytes()[..], &msg_key, &plain].concat();
        assert_eq!(verify(&perm, &binding(), MSG_ID, &encrypted), Err(BindError::NotInner));
    }
}
