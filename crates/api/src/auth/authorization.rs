//! `auth.authorization`: the end of every way of signing in.

use domain::{Error, UserId};
use rpc::Cx;
use tl_api::{enums, types};

use crate::view;

/// From now on the caller's key belongs to `user`.
pub async fn to_tl(cx: &Cx, user: UserId) -> Result<enums::auth::Authorization, Error> {
    cx.devices().changed(cx.auth_key_id(), Some(user), false);
    let user = view::user(cx, user, user).await?;
    Ok(types::auth::Authorization { user, ..Default::default() }.into())
}
