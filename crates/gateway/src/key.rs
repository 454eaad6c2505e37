//! A key in use.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use domain::Time;
use mtproto::AuthKey;
use rpc::boundary::{KeyKind, KeyRecord};

/// A key in use.
pub(crate) struct Key {
    pub(crate) auth: AuthKey,
    pub(crate) dc: i32,
    pub(crate) salt: i64,
    pub(crate) created_at: Time,
    is_temporary: bool,
    /// When a temporary key ends, in unix milliseconds. Binding may put it earlier.
    expires_at: AtomicI64,
    /// The permanent key that a temporary key stands for; 0 while there is none.
    bound_to: AtomicI64,
    /// Somebody is signed in with the key that stands for the device.
    has_user: AtomicBool,
}

impl Key {
    pub(crate) fn new(record: KeyRecord) -> Self {
        let (expires_at, bound_to) = match record.kind {
            KeyKind::Permanent => (i64::MAX, 0),
            KeyKind::Temporary { expires_at, perm_id } => (expires_at.0, perm_id.unwrap_or(0)),
        };
        Self {
            auth: AuthKey::new(&record.key),
            dc: record.dc,
            salt: record.initial_salt,
            created_at: record.created_at,
            is_temporary: matches!(record.kind, KeyKind::Temporary { .. }),
            expires_at: AtomicI64::new(expires_at),
            bound_to: AtomicI64::new(bound_to),
            has_user: AtomicBool::new(record.has_user),
        }
    }

    pub(crate) fn id(&self) -> i64 {
        self.auth.id()
    }

    /// The key that stands for the device.
    pub(crate) fn auth_key_id(&self) -> i64 {
        match self.bound_to.load(Ordering::Acquire) {
            0 => self.id(),
            perm_id => perm_id,
        }
    }

    pub(crate) fn bind(&self, perm_id: i64, has_user: bool, expires_at: Time) {
        self.expires_at.store(expires_at.0, Ordering::Release);
        self.bound_to.store(perm_id, Ordering::Release);
        self.has_user.store(has_user, Ordering::Release);
    }

    pub(crate) fn set_user(&self, has_user: bool) {
        self.has_user.store(has_user, Ordering::Release);
    }

    pub(crate) fn has_user(&self) -> bool {
        self.has_user.load(Ordering::Acquire)
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    pub(crate) fn is_expired(&self, now: Time) -> bool {
        self.expires_at.load(Ordering::Acquire) <= now.0
    }
}
