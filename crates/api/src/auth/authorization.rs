//! `auth.authorization`: the end of every way of signing in.

use domain::{Error, UserId};
use rpc::Cx;
use tl_api::{enums, types};

use crate::view;

/// From now on the caller's key belongs to `user`, unless it has been signed out meanwhile: whose it is, the
/// next call reads from the store.
pub async fn to_tl(cx: &Cx, user: UserId) -> Result<enums::auth::Authorization, Error> {
    cx.devices().forget(cx.auth_key_id());
    let user = view::user(cx, user, user).await?;
    Ok(types::auth::Authorization { user, ..Default::default() }.into())
}
