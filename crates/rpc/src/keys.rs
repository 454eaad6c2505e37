//! The keys of the store, as the gateway asks for them.

use std::sync::Arc;

use domain::{BoxFuture, Error};
use service::Service;
use service::accounts::keys;

use crate::boundary::{KeyKind, KeyRecord, Keys};
use crate::devices::Devices;

/// [`Keys`] over the store.
pub(crate) struct StoredKeys {
    pub(crate) service: Arc<Service>,
    pub(crate) devices: Arc<Devices>,
}

impl Keys for StoredKeys {
    fn load(&self, id: i64) -> BoxFuture<Result<Option<KeyRecord>, Error>> {
        let service = Arc::clone(&self.service);
        Box::pin(async move {
            let Some(stored) = keys::load(&service, id).await? else { return Ok(None) };
            let key =
                <[u8; 256]>::try_from(stored.key).map_err(|_| Error::internal("a key of another length"))?;
            let kind = match (stored.temporary, stored.expires_at) {
                (true, Some(expires_at)) => KeyKind::Temporary { expires_at, perm_id: stored.perm_id },
                _ => KeyKind::Permanent,
            };
            if matches!(kind, KeyKind::Temporary { expires_at, .. } if expires_at <= service.now()) {
                return Ok(None);
            }
            let has_user = match stored.perm_id {
                Some(perm_id) => keys::load(&service, perm_id).await?.is_some_and(|perm| perm.user.is_some()),
                None => stored.user.is_some(),
            };
            Ok(Some(KeyRecord {
                id,
                key: Box::new(key),
                kind,
                dc: stored.dc,
                initial_salt: stored.initial_salt,
                created_at: stored.created_at,
                has_user,
            }))
        })
    }

    fn create(&self, record: KeyRecord) -> BoxFuture<Result<bool, Error>> {
        let service = Arc::clone(&self.service);
        Box::pin(async move {
            let expires_at = match record.kind {
                KeyKind::Temporary { expires_at, .. } => Some(expires_at),
                KeyKind::Permanent => None,
            };
            let created = keys::Created {
                id: record.id,
                key: record.key.to_vec(),
                expires_at,
                initial_salt: record.initial_salt,
                dc: record.dc,
            };
            keys::create(&service, created).await
        })
    }

    fn destroy(&self, id: i64) -> BoxFuture<Result<bool, Error>> {
        let (service, devices) = (Arc::clone(&self.service), Arc::clone(&self.devices));
        Box::pin(async move {
            devices.forget(id);
            keys::destroy(&service, id).await
        })
    }
}
