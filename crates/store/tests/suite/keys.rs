//! Authorization keys and the devices behind them.

use domain::UserId;
use store::auth_keys::{self, Device, NewKey};
use store::{Owner, RowKey, StoreError, Tx, Value};

use crate::support::both;

const ANN: UserId = UserId(1);
const ID: i64 = 77;

/// Whether the device is there and opens for an owner.
fn opens_for(tx: &mut Tx<'_>, owner: Owner) -> Result<bool, StoreError> {
    let rows = tx.query("SELECT device FROM auth_keys WHERE id = $1", &[Value::Int(ID)])?;
    let Some(sealed) = rows[0].opt_blob(0)?.map(<[u8]>::to_vec) else { return Ok(false) };
    Ok(tx.open_sealed(owner, "auth_keys.device", RowKey::from(ID), &sealed).is_ok())
}

#[test]
fn a_device_is_sealed_for_whoever_is_signed_in() {
    both(|fixture| async move {
        let life = |tx: &mut Tx<'_>| -> Result<(), StoreError> {
            let key = NewKey { id: ID, key: &[7; 256], expires_at: None, initial_salt: 1, dc: 2 };
            auth_keys::insert(tx, &key)?;
            let device = Device { address: "203.0.113.7".to_owned(), ..Device::default() };
            let moved = Device { address: "203.0.113.8".to_owned(), ..Device::default() };
            let (server, user) = (Owner::Server, Owner::User(ANN.0));

            auth_keys::set_device(tx, ID, 200, &device)?;
            assert!(opens_for(tx, server)?);
            auth_keys::sign_in(tx, ID, ANN, None, 0)?;
            assert!(opens_for(tx, user)? && !opens_for(tx, server)?);
            assert_eq!(auth_keys::get(tx, ID)?.expect("the key").device, device);
            auth_keys::set_device(tx, ID, 200, &moved)?;
            assert!(opens_for(tx, user)?);
            assert_eq!(auth_keys::of_user(tx, ANN)?[0].device, moved);

            auth_keys::sign_out(tx, ID, false)?;
            assert!(!opens_for(tx, user)? && !opens_for(tx, server)?);
            assert_eq!(auth_keys::get(tx, ID)?.expect("the key").device, Device::default());
            auth_keys::set_device(tx, ID, 200, &moved)?;
            assert!(opens_for(tx, server)?);
            Ok(())
        };
        fixture.store.write(life).await.expect("the key lives");
    });
}
